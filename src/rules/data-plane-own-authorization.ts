import type { Evidence } from "../core/evidence.ts";
import { ownAuthorization } from "../core/other-systems.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentSigns } from "../core/subject.ts";

export const dataPlaneOwnAuthorization = defineRule({
  id: "data-plane-own-authorization",
  meta: {
    title: "A service refused by an authorization of its own",
    stage: "authorization",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html",
      "https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html",
      "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
    ],
    unless: ["AWS names an IAM layer in the same log: then that is the cause."],
    messages: {
      own: "{{service}} refused container {{container}} in its own words ({{excerpt}}), which eksiam cannot judge. It is decided by {{where}}.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => refusals(evidence).length > 0 || "no such service refused anything",
  },
  needs: [],
  check(evidence) {
    const [sign] = refusals(evidence);
    const service = sign === undefined ? undefined : ownAuthorization[sign.sign];
    if (sign === undefined || service === undefined) return pass();
    return fail(
      "own",
      {
        service: service.name,
        container: sign.containers[0] ?? "",
        excerpt: sign.excerpt,
        where: service.where,
      },
      { manual: [{ title: `Look at ${service.where}`, command: service.command }] },
    );
  },
});

function refusals(evidence: Evidence) {
  return currentSigns(evidence).filter(({ sign }) => ownAuthorization[sign] !== undefined);
}
