import { minimumVersion, tooOldFor } from "../core/credentials/minimum-versions.ts";
import { nameOfSdks } from "../core/credentials/sdk.ts";
import { sdkOf } from "../core/credentials/sdk-of.ts";
import { expectedIdentity, injectedInto, isExpectedRole } from "../core/identity.ts";
import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentErrors, placesOf } from "../core/subject.ts";

const symptoms = new Set(["access-denied", "no-credentials", "imds-unreachable"]);

export const sdkTooOldForIrsa = defineRule({
  id: "sdk-too-old-for-irsa",
  meta: {
    title: "The application's SDK is older than IAM roles for service accounts",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts-minimum-sdk.html",
    ],
    unless: [
      "The call is made as the configured role: then the SDK knows web identity.",
      "The release is not known: then nothing is said.",
    ],
    messages: {
      version:
        "Container {{container}} of pod {{pod}} uses {{sdk}} {{version}} ({{from}}), which does not know web identity tokens: {{minimum}} is the first release that does.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (expectedIdentity(evidence)?.mechanism !== "irsa") return "IRSA is not configured";
      const troubled = currentErrors(evidence).some(
        ({ kind, principalArn }) => symptoms.has(kind) && !isExpectedRole(evidence, principalArn ?? ""),
      );
      return troubled || "no container misses its credentials";
    },
  },
  needs: ["cloudtrail.events"],
  check(evidence, question) {
    for (const { pod, container } of placesOf(evidence["k8s.pods"], question)) {
      if (injectedInto(container).mechanism !== "irsa") continue;
      const misses = currentErrors(evidence).some(
        ({ kind, pods, containers, principalArn }) =>
          symptoms.has(kind) &&
          pods.includes(pod.name) &&
          containers.includes(container.name) &&
          !isExpectedRole(evidence, principalArn ?? ""),
      );
      const { candidates, version, from } = sdkOf(evidence, pod, container);
      const [sdk] = candidates;
      if (!misses || sdk === undefined || version === null || candidates.length > 1) continue;
      if (tooOldFor(sdk, version, "irsa") !== true) continue;
      const minimum = minimumVersion(sdk, version, "irsa") ?? "";
      const data = {
        container: container.name,
        pod: pod.name,
        sdk: nameOfSdks([sdk]),
        version,
        from,
        minimum,
      };
      return fail("version", data, {
        manual: [
          {
            title: `Build the image with ${nameOfSdks([sdk])} ${minimum} or later`,
            command: setImage(question, container.name),
          },
        ],
      });
    }
    return pass();
  },
});
