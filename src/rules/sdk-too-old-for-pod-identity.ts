import { minimumVersion, tooOldFor } from "../core/credentials/minimum-versions.ts";
import { nameOfSdks } from "../core/credentials/sdk.ts";
import { sdkOf } from "../core/credentials/sdk-of.ts";
import { expectedIdentity, injectedInto, isExpectedRole } from "../core/identity.ts";
import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, currentSigns, type Place, placesOf } from "../core/subject.ts";

/** What a container shows whose SDK never asks the agent. */
const symptoms = new Set(["access-denied", "no-credentials", "imds-unreachable", "pod-identity-agent-error"]);

export const sdkTooOldForPodIdentity = defineRule({
  id: "sdk-too-old-for-pod-identity",
  meta: {
    title: "The application's SDK is older than EKS Pod Identity",
    stage: "credential-selection",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html"],
    unless: [
      "JavaScript 3 says of every failure of the agent that its address is not valid: that proves no age.",
      "The agent's IPv6 address is refused by some newer SDKs too.",
      "Versions of .NET are those of AWSSDK.Core; where the user agent does not tell that package, nothing is judged.",
    ],
    messages: {
      refuses:
        "The SDK in container {{container}} of pod {{pod}} refuses the address of the EKS Pod Identity Agent ({{excerpt}}): its release is from before Pod Identity.",
      version:
        "Container {{container}} of pod {{pod}} uses {{sdk}} {{version}} ({{from}}); EKS Pod Identity needs {{minimum}} or later.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return "Pod Identity is not configured";
      const places = placesOf(evidence["k8s.pods"], question).filter(
        ({ container }) => injectedInto(container).mechanism === "pod-identity",
      );
      if (places.length === 0) return "no container carries Pod Identity";
      const troubled = currentErrors(evidence).some(
        ({ kind, principalArn }) => symptoms.has(kind) && !isExpectedRole(evidence, principalArn ?? ""),
      );
      const refused = currentSigns(evidence).some(({ sign }) => sign === "sdk-refuses-agent-address");
      return troubled || refused || "no container misses its credentials";
    },
  },
  needs: ["cloudtrail.events"],
  check(evidence, question) {
    const places = placesOf(evidence["k8s.pods"], question).filter(({ container }) =>
      asksAgentByIpv4(container),
    );
    if (places.length === 0) return notApplicable("the agent has an IPv6 address here");
    const isOf = (
      { pod, container }: Place,
      seen: { pods: readonly string[]; containers: readonly string[] },
    ) => seen.pods.includes(pod.name) && seen.containers.includes(container.name);
    const remedy = {
      manual: [
        {
          title:
            "Build the image with a later release of the SDK, also where a library brings its own copy; until then IRSA works with older releases",
          command: setImage(question, places[0]?.container.name),
        },
      ],
    };
    const refused = currentSigns(evidence).filter(({ sign }) => sign === "sdk-refuses-agent-address");
    for (const place of places) {
      const at = { container: place.container.name, pod: place.pod.name };
      const sign = refused.find((one) => isOf(place, one));
      if (sign !== undefined) return fail("refuses", { ...at, excerpt: sign.excerpt }, remedy);
      const errors = currentErrors(evidence).filter(
        (error) =>
          isOf(place, error) &&
          symptoms.has(error.kind) &&
          !isExpectedRole(evidence, error.principalArn ?? ""),
      );
      const { candidates, version, from } = sdkOf(evidence, place.pod, place.container);
      const [sdk] = candidates;
      if (errors.length === 0 || sdk === undefined || version === null || candidates.length > 1) continue;
      if (tooOldFor(sdk, version, "pod-identity") !== true) continue;
      const minimum = minimumVersion(sdk, version, "pod-identity") ?? "";
      return fail("version", { ...at, sdk: nameOfSdks(candidates), version, from, minimum }, remedy);
    }
    return pass();
  },
});

/** SDKs that know Pod Identity can still refuse its IPv6 address: another fault. */
function asksAgentByIpv4(container: Place["container"]): boolean {
  const uri = container.env.find(({ name }) => name === "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  return injectedInto(container).mechanism === "pod-identity" && !(uri?.value ?? "").includes("[");
}
