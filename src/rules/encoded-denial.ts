import type { Evidence } from "../core/evidence.ts";
import type { DecodedDenial } from "../core/facts/aws.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors, listed } from "../core/subject.ts";

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
    unless: ["The refused call belongs to a start attempt that a retry made good: the application goes on."],
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
    const [first] = decoded.value;
    return fail(
      "decoded",
      { denials: listed(decoded.value.map(describe)) },
      {
        manual: [
          {
            title:
              first?.explicitDeny === true
                ? "Narrow the Deny that matched: an Allow changes nothing"
                : "Allow the role exactly this action on this resource",
            command:
              first?.principalArn == null || first.action === null
                ? null
                : `aws iam simulate-principal-policy --policy-source-arn ${shellWord(first.principalArn)} --action-names ${shellWord(first.action)}${first.resource === null ? "" : ` --resource-arns ${shellWord(first.resource)}`}`,
          },
        ],
      },
    );
  },
});

function encoded(evidence: Evidence) {
  return currentErrors(evidence).filter(({ kind }) => kind === "encoded-denial");
}

function describe({ principalArn, action, resource, explicitDeny }: DecodedDenial): string {
  const who = principalArn ?? "the caller";
  const what = `${action ?? "the call"}${resource === null ? "" : ` on ${resource}`}`;
  return `${who} may not ${what}, ${explicitDeny ? "because a policy denies it explicitly" : "because no policy allows it"}`;
}
