import { sourceOf } from "../core/credentials/sources.ts";
import { expectedIdentity } from "../core/identity.ts";
import { listVariables } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentSigns, listed, objectOf, placesOf, shellWord } from "../core/subject.ts";

export const staticKeysEmptyOrPartial = defineRule({
  id: "static-keys-empty-or-partial",
  meta: {
    title: "Only one of two access key variables is set, and the SDK stops there",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html",
      "https://github.com/boto/botocore/blob/develop/botocore/credentials.py",
    ],
    unless: [
      "Half a pair without such a sentence: the SDK goes on to the configured role.",
      "Both keys are set: see static-keys-override.",
    ],
    messages: {
      partial:
        "The SDK in container {{container}} finds half a pair of access keys and stops there instead of going on to {{expected}} ({{excerpt}}): {{origin}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      const expected = expectedIdentity(evidence);
      if (expected === null || expected.mechanism === "none") return "no identity is configured";
      return (
        currentSigns(evidence).some(({ sign }) => sign === "partial-keys") ||
        "no SDK found half a pair of keys"
      );
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence)?.roleArn ?? null;
    const sign = currentSigns(evidence).find((one) => one.sign === "partial-keys");
    if (workload.status === "absent" || expected === null)
      return notApplicable("there is no workload or no role");
    if (sign === undefined) return pass();
    const place = placesOf(evidence["k8s.pods"], question).find(
      ({ pod, container }) => sign.pods.includes(pod.name) && sign.containers.includes(container.name),
    );
    const source = place === undefined ? null : sourceOf("environment", place.container, workload.value);
    const named = source !== null && source.status !== "possible" && source.status !== "not-set";
    const object = objectOf(workload.value);
    const container = place?.container.name ?? listed(sign.containers);
    return fail(
      "partial",
      {
        container,
        expected,
        excerpt: sign.excerpt,
        origin: named
          ? `its pod spec sets ${source.detail}`
          : "the pod spec itself sets none, so it comes from envFrom, a file or the image",
      },
      {
        manual: [
          {
            title: `Take what is left of the access keys out of container ${container} of ${object}`,
            command: named
              ? `kubectl -n ${shellWord(question.namespace)} set env ${shellWord(object)} -c ${shellWord(container)} AWS_ACCESS_KEY_ID- AWS_SECRET_ACCESS_KEY- AWS_SESSION_TOKEN-`
              : listVariables(question, place?.container.name),
          },
        ],
      },
    );
  },
});
