import type { Evidence, LogErrorGroup } from "../core/evidence.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentErrors, deniedCalls, listed } from "../core/subject.ts";

export const s3Bare403 = defineRule({
  id: "s3-bare-403",
  meta: {
    title: "S3 refused a call without saying whose or why",
    stage: "authorization",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html",
      "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html",
    ],
    unless: ["The same log names the caller in another line: then that line is judged."],
    messages: {
      bare: "S3 answered 403 in container {{containers}} ({{count}} times) and named neither the caller nor the action, so nothing is concluded from it. It also answers so for a key that does not exist, where the caller may not list the bucket.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => bare(evidence).length > 0 || "no bare 403 of S3 is in the logs",
  },
  needs: [],
  check(evidence) {
    const errors = bare(evidence);
    if (errors.length === 0) return pass();
    return fail(
      "bare",
      {
        containers: listed(errors.flatMap(({ containers }) => containers)),
        count: String(errors.reduce((sum, { count }) => sum + count, 0)),
      },
      {
        manual: [
          {
            title:
              "Ask S3 as the container does, without HEAD, to be told more: the answer to get-object-attributes or list-objects-v2 names the caller and the layer",
            command: "aws sts get-caller-identity",
          },
        ],
      },
    );
  },
});

/** Some SDKs name the operation only, and not the service. */
const ofS3 =
  /s3|bucket|Code>AccessDenied|\b(?:Get|Head|Put|Copy|Delete|List)Objects?(?:V2|Acl|Tagging)?\b|MultipartUpload/i;

function bare(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    ({ action, principalArn, excerpt }) => action === null && principalArn === null && ofS3.test(excerpt),
  );
}
