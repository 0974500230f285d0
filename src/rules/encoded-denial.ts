import type { Evidence, LogErrorGroup } from "../core/evidence.ts";
import type { DecodedDenial } from "../core/facts/aws.ts";
import { roleOfArn, roleOfSession } from "../core/iam/arn.ts";
import { allowStep } from "../core/iam-steps.ts";
import type { ManualStep } from "../core/plan.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors, deniedCalls, listed } from "../core/subject.ts";

export const encodedDenial = defineRule({
  id: "encoded-denial",
  meta: {
    title: "EC2 refused a call and encoded the reason",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html",
      "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    ],
    unless: [
      "The refused call belongs to a start attempt that a retry made good: the application goes on.",
      "The logs say in plain words, too, who may not do what: then the rule for the layer that denies tells it.",
    ],
    messages: {
      decoded: "Decoded, the refusal says: {{denials}}.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => encoded(evidence).length > 0 || "no encoded refusal is in the logs",
  },
  needs: ["sts.decoded-messages"],
  check(evidence) {
    const decoded = evidence["sts.decoded-messages"];
    if (decoded.status === "absent" || decoded.value.length === 0) return pass();
    const plain = deniedCalls(currentErrors(evidence));
    if (decoded.value.every((denial) => plain.some((error) => tellsOf(error, denial)))) {
      return notApplicable("the logs say in plain words, too, what is encoded");
    }
    const [first] = decoded.value;
    return fail(
      "decoded",
      { denials: listed(decoded.value.map(describe)) },
      {
        manual: [remedyFor(first)],
      },
    );
  },
});

function remedyFor(denial: DecodedDenial | undefined): ManualStep {
  const role = roleOfSession(denial?.principalArn ?? "") ?? roleOfArn(denial?.principalArn ?? "");
  const roleName = role?.roleName ?? "<role>";
  if (denial === undefined || denial.action === null || denial.explicitDeny) {
    return {
      title: "Narrow the Deny that matched: an Allow changes nothing",
      command: `aws iam list-attached-role-policies --role-name ${shellWord(roleName)}`,
    };
  }
  const { action, resource, principalArn } = denial;
  return allowStep(roleName, [{ action, resource, principalArn }]);
}

/** EC2 mostly writes the sentence beside the encoded message by now. */
function tellsOf({ action, resource }: LogErrorGroup, denial: DecodedDenial): boolean {
  return (
    action !== null &&
    action.toLowerCase() === denial.action?.toLowerCase() &&
    (resource === null || denial.resource === null || resource === denial.resource)
  );
}

function encoded(evidence: Evidence) {
  return currentErrors(evidence).filter(({ kind }) => kind === "encoded-denial");
}

function describe({ principalArn, action, resource, explicitDeny }: DecodedDenial): string {
  const who = principalArn ?? "the caller";
  const what = `${action ?? "the call"}${resource === null ? "" : ` on ${resource}`}`;
  return `${who} may not ${what}, ${explicitDeny ? "because a policy denies it explicitly" : "because no policy allows it"}`;
}
