import type { Evidence } from "../core/evidence.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentSigns, listed } from "../core/subject.ts";

export const wrongAccountOrRegion = defineRule({
  id: "wrong-account-or-region",
  meta: {
    title: "The call goes to a Region where the resource is not",
    stage: "endpoint",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html",
      "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
    ],
    unless: ["The SDK follows the redirect by itself and the call succeeds."],
    messages: {
      region:
        "S3 answers container {{containers}} that the bucket is in another Region than the one that is asked ({{region}}): {{excerpt}}",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => redirects(evidence).length > 0 || "no call was sent to the wrong Region",
  },
  needs: [],
  wants: ["eks.cluster"],
  check(evidence) {
    const [sign] = redirects(evidence);
    if (sign === undefined) return pass();
    const pods = known(evidence["k8s.pods"])?.pods ?? [];
    const configured = pods
      .flatMap(({ containers }) => containers)
      .filter(({ name }) => sign.containers.includes(name))
      .flatMap(({ env }) => env)
      .find(({ name }) => name === "AWS_REGION" || name === "AWS_DEFAULT_REGION")?.value;
    const region = configured ?? known(evidence["eks.cluster"])?.region ?? "its Region is set elsewhere";
    return fail(
      "region",
      { containers: listed(sign.containers), region, excerpt: sign.excerpt },
      {
        manual: [
          {
            title: "Find the bucket's Region, and give the application's client that one",
            command: `aws s3api get-bucket-location --bucket ${shellWord("<bucket>")}`,
          },
        ],
      },
    );
  },
});

function redirects(evidence: Evidence) {
  return currentSigns(evidence).filter(({ sign }) => sign === "region-mismatch");
}
