import { reachOf } from "../core/iam/excess.ts";
import { parsePolicy, type Statement } from "../core/iam/policy.ts";
import { isExpectedRole } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, listed, serviceAccountOf, shellWord } from "../core/subject.ts";

export const sharedSaOverprivileged = defineRule({
  id: "shared-sa-overprivileged",
  meta: {
    title: "Several workloads share a service account whose role may do nearly everything",
    stage: "authorization",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    ],
    unless: ["It is never the cause: this is information.", "Where nothing is denied, nothing is said."],
    messages: {
      shared:
        "Service account {{serviceAccount}} is shared by {{workloads}}, and policy {{policy}} of its role allows {{actions}} on every resource, or every one of a kind: each of them may do all of it.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      const denied = currentErrors(evidence).some(
        ({ kind, principalArn }) => kind === "access-denied" && isExpectedRole(evidence, principalArn ?? ""),
      );
      return denied || "no call of the configured role was denied";
    },
  },
  needs: ["k8s.sharing", "iam.role-policies"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const sharing = evidence["k8s.sharing"];
    const policies = evidence["iam.role-policies"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    if (sharing.status === "absent" || policies.status === "absent") return pass();
    const others = sharing.value.workloads.map(({ kind, name }) => `${kind.toLowerCase()} ${name}`);
    if (others.length === 0) return pass();
    for (const { name, document } of policies.value) {
      const policy = parsePolicy(document, "identity");
      const actions = policy.ok ? policy.value.statements.flatMap(everywhere) : [];
      if (actions.length === 0) continue;
      const { kind, name: own, template } = workload.value;
      const data = {
        serviceAccount: serviceAccountOf(workload.value),
        workloads: listed([`${kind.toLowerCase()} ${own}`, ...others], 5),
        policy: name,
        actions: listed(actions),
      };
      const account = shellWord(`${own}-own`);
      return fail("shared", data, {
        manual: [
          {
            title: `Give each workload a service account and a role of its own with what it needs, instead of ${template.serviceAccountName}`,
            command: `kubectl -n ${shellWord(question.namespace)} create serviceaccount ${account}`,
          },
        ],
      });
    }
    return pass();
  },
});

/** The whole services, or everything, that a statement allows on every resource, or every one of a kind. */
function everywhere(statement: Statement): readonly string[] {
  const { effect, actions } = statement;
  if (effect !== "Allow" || statement.conditions.length > 0 || reachOf(statement) === "some") return [];
  if (actions.not) return [`everything but ${actions.texts.join(", ")}`];
  return actions.texts.filter((action) => action === "*" || /^[\w-]{1,40}:\*$/.test(action));
}
