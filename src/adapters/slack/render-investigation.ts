import type { Progress } from "../../app/investigation.ts";
import type { Journal } from "../../app/journal.ts";
import type { CollectorGroup, InvestigationSnapshot } from "../../app/ports.ts";
import type { Approval } from "../../core/approval.ts";
import { undoCommands } from "../../core/describe-change.ts";
import { type Diagnosis, type Plan, toldBeside } from "../../core/diagnosis.ts";
import type { ChangeKind } from "../../core/plan.ts";
import { context, header, list, message, type Part, type SlackMessage, section } from "./message.ts";
import { code, join, type Mrkdwn, md, mention, prose } from "./mrkdwn.ts";
import { drawPath } from "./path.ts";

export interface RenderOptions {
  /** Slack user ids that may approve. */
  readonly approvers: readonly string[];
}

/** The one message of a question, from its state alone: every rendering of the same state is the same message. */
export function renderInvestigation(snapshot: InvestigationSnapshot, options: RenderOptions): SlackMessage {
  const { investigation, diagnosis, approval } = snapshot;
  const { question, requester, status } = investigation;
  const asked = context(
    md`${mention(requester.slackUserId)} asked about ${code(`${question.namespace}/${question.name}`)} in ${code(question.cluster)}`,
  );
  switch (status) {
    case "refused":
      return message([section(md`*I cannot answer that.* ${prose(investigation.problem ?? "")}`), asked]);
    case "failed":
      return message([
        section(
          md`*This went wrong.* ${prose(investigation.problem ?? "")} Ask again: ${code(`/eksiam why ${question.namespace}/${question.name}`)}`,
        ),
        asked,
      ]);
    case "asked":
    case "gathering":
      return message([
        header(`Looking at ${question.namespace}/${question.name} …`),
        ...progressLines(investigation.progress),
        asked,
      ]);
    case "diagnosed":
      return diagnosis === null
        ? message([header(`Judging ${question.namespace}/${question.name} …`), asked])
        : message([
            ...answerParts(diagnosis),
            ...remedyParts(snapshot, diagnosis, options),
            ...approvalParts(snapshot, approval),
            asked,
          ]);
  }
}

const groupNames: Readonly<Record<CollectorGroup, string>> = {
  workload: "workload, pods and service account",
  logs: "logs of the pods",
  config: "Kubernetes, EKS and IAM configuration",
  cloudtrail: "CloudTrail event history",
};
const progressWords: Readonly<Record<Progress, string>> = {
  waiting: "○ waiting",
  running: "… reading",
  done: "✓ read",
  partly: "◐ partly read",
  failed: "✗ could not be read",
};

function progressLines(progress: Readonly<Record<CollectorGroup, Progress>>): readonly Part[] {
  const groups = ["workload", "logs", "config", "cloudtrail"] as const;
  return [section(...groups.map((group) => md`${progressWords[progress[group]]}: ${groupNames[group]}`))];
}

function answerParts(diagnosis: Diagnosis): readonly Part[] {
  const { question, cause, blindSpots } = diagnosis;
  const { faults } = toldBeside(diagnosis);
  const name = `${question.namespace}/${question.name}`;
  switch (diagnosis.conclusion) {
    case "cause-found":
      return [
        header(`${name}: ${cause?.title ?? ""}`),
        section(drawPath(diagnosis)),
        section(prose(cause?.message ?? "")),
        ...(faults.length === 0
          ? []
          : list(
              md`*Also wrong*`,
              faults.map((finding) => md`• ${prose(finding.title)}`),
              1_000,
            )),
        context(
          md`Rule ${code(cause?.ruleId ?? "")}. Evidence, what was ruled out and every command are in the thread.`,
        ),
      ];
    case "no-fault-found":
      return [
        header(`${name}: no fault found`),
        section(drawPath(diagnosis)),
        section(
          md`Everything that was needed was seen, and nothing is wrong. ${diagnosis.ruledOut.length} failure modes were ruled out.`,
        ),
      ];
    case "inconclusive":
      return [
        header(`${name}: inconclusive`),
        section(drawPath(diagnosis)),
        section(md`No cause was proved, and not everything could be seen or explained.`),
        ...list(
          md`*Could not be seen*`,
          blindSpots.map(
            (spot) =>
              md`• ${code(spot.evidence)}: ${spot.reason}${spot.permission === null ? "" : md`; grant ${code(spot.permission)}`}`,
          ),
          1_500,
        ),
      ];
  }
}

function remedyParts(
  { approval }: InvestigationSnapshot,
  { plan }: Diagnosis,
  options: RenderOptions,
): readonly Part[] {
  if (plan === null) return [];
  if (plan.changes.length === 0) {
    return list(
      md`*To do by hand* (commands in the thread)`,
      plan.manual.map((step) => md`• ${prose(step.title)}`),
      1_500,
    );
  }
  const changes = plan.changes.map((change, index) => md`${index + 1}. ${prose(change.preview)}`);
  const warnings = plan.warnings.map((warning) => md`• ${prose(warning)}`);
  return [
    ...list(md`*The fix*`, changes, 2_000),
    ...(warnings.length === 0 ? [] : [context(...warnings)]),
    ...(approval?.state === "pending" ? buttons(approval, plan, options) : []),
  ];
}

function buttons(approval: Approval, plan: Plan, { approvers }: RenderOptions): readonly Part[] {
  const value = JSON.stringify({ approvalId: approval.id, planDigest: approval.planDigest });
  const what = plan.changes.map((change) => change.preview).join(" ");
  const who = approvers.filter((id) => id !== approval.requester.slackUserId).map(mention);
  const minutes = Math.round((Date.parse(approval.expiresAt) - Date.parse(approval.createdAt)) / 60_000);
  const needed = approval.threshold === 1 ? md`` : md` ${approval.threshold} of them are needed.`;
  const may =
    who.length === 0
      ? md`Nobody else is configured as approver: see ${code("approvals.approvers")}.`
      : md`May approve: ${join(who.slice(0, 20), ", ")}.${needed}`;
  return [
    {
      type: "buttons",
      buttons: [
        {
          actionId: "approve",
          label: "Approve",
          effect: `Approve: ${plan.changes.map(({ change }) => effects[change.kind]).join(", then ")}`,
          style: "primary",
          value,
          confirm: { title: "Run this fix?", text: what, confirm: "Approve" },
        },
        {
          actionId: "deny",
          label: "Deny",
          effect: "Deny: change nothing",
          style: "danger",
          value,
          confirm: {
            title: "Deny this fix?",
            text: "Nothing will be changed. The question can be asked again.",
            confirm: "Deny",
          },
        },
      ],
    },
    context(md`${may} Whoever asked cannot approve. Expires after ${minutes} minutes.`),
  ];
}

/** What a button does, for those who hear it instead of seeing what stands above it. */
const effects: Readonly<Record<ChangeKind, string>> = {
  "eks.pod-identity-association.create": "create the association",
  "eks.pod-identity-association.update": "change the association",
  "eks.addon.create": "install the add-on",
  "k8s.service-account.annotate": "annotate the service account",
  "k8s.workload.service-account": "change the service account",
  "k8s.workload.env": "change the variables",
  "k8s.workload.fs-group": "set the group of the volumes",
  "k8s.workload.template-metadata": "change the pod template",
  "k8s.pod.delete": "delete the pod",
  "iam.role.trust-policy": "change the trust policy",
  "iam.role.attach-policy": "attach the policy",
  "iam.oidc-provider.create": "register the OIDC provider",
  "iam.oidc-provider.client-id.add": "register the audience",
  "k8s.rollout.restart": "restart the rollout",
};

function approvalParts(snapshot: InvestigationSnapshot, approval: Approval | null): readonly Part[] {
  if (approval === null || (approval.state === "pending" && approval.reviews.length === 0)) return [];
  const reviews = approval.reviews.map(
    ({ reviewer, verdict }) =>
      md`${mention(reviewer.slackUserId)} ${verdict === "approve" ? "approved" : "denied"}`,
  );
  const by = reviews.length === 0 ? md`` : md` (${join(reviews, ", ")})`;
  switch (approval.state) {
    case "pending":
      return [section(md`*Waiting for ${approval.threshold - approval.reviews.length} more*${by}`)];
    case "approved":
      return [section(md`*Approved*${by}. It starts now.`)];
    case "denied":
      return [section(md`*Denied*${by}. Nothing was changed.`)];
    case "expired":
      return [
        section(
          md`*Expired.* Nobody approved in time, and nothing was changed. Ask again to get a fresh plan.`,
        ),
      ];
    case "executing":
      return [section(md`*Running*${by}`, ...runLines(snapshot))];
    case "succeeded":
      return [
        section(md`*Done*${by}`, ...runLines(snapshot)),
        ...verificationParts(snapshot),
        ...undoParts(snapshot),
      ];
    case "failed":
    case "rolled-back":
      return [
        section(
          md`*${approval.state === "failed" ? "Failed" : "Stopped and taken back"}*${by}`,
          ...runLines(snapshot),
        ),
        ...(approval.outcome === null ? [] : [section(prose(approval.outcome))]),
        ...undoParts(snapshot),
      ];
  }
}

const stepWords: Readonly<Record<Journal[number]["event"], string>> = {
  "already-done": "✓ was there already",
  applying: "… applying",
  applied: "… applied",
  settling: "… waiting until it is in effect",
  settled: "✓ done",
  drift: "✗ the world has changed since",
  failed: "✗ failed",
  reverting: "… taking back",
  reverted: "↩ taken back",
  "revert-failed": "✗ could not be taken back",
};

/** Each change with the last thing that the journal says of it. */
function runLines({ diagnosis, journal }: InvestigationSnapshot): readonly Mrkdwn[] {
  return (diagnosis?.plan?.changes ?? []).map((change, step) => {
    const events = journal.filter((entry) => entry.step === step).map((entry) => entry.event);
    const last = events.at(-1);
    const foundIt = events.includes("already-done");
    const word =
      last === undefined ? "○ to do" : stepWords[last === "settled" && foundIt ? "already-done" : last];
    return md`${word}: ${change.change.kind === "k8s.rollout.restart" ? "restart of" : "association for"} ${code(change.target)}`;
  });
}

function verificationParts({ investigation }: InvestigationSnapshot): readonly Part[] {
  const detail = prose(investigation.verificationDetail ?? "");
  switch (investigation.verification) {
    case null:
      return [];
    case "running":
      return [section(md`… *Verifying*: asking the same question again.`)];
    case "fixed":
      return [section(md`✓ *Fixed and verified.* ${detail}`)];
    case "not-fixed":
      return [section(md`✗ *Not fixed.* ${detail}`)];
    case "cannot-tell":
      return [section(md`? *Cannot tell whether it is fixed.* ${detail}`)];
  }
}

/** Only for what this run changed and has not taken back: what was there before is not ours to undo. */
function undoParts({ diagnosis, journal }: InvestigationSnapshot): readonly Part[] {
  const done = (diagnosis?.plan?.changes ?? []).filter((_change, step) => {
    const events = journal.filter((entry) => entry.step === step).map((entry) => entry.event);
    return events.includes("applied") && !events.includes("reverted");
  });
  const commands = undoCommands(done.map((planned) => planned.change));
  if (commands.length === 0) return [];
  return list(
    md`*To undo it*`,
    commands.map((command) => md`• ${code(command)}`),
    1_800,
  );
}
