import { fallsThrough } from "../core/credentials/chains.ts";
import { tooOldFor } from "../core/credentials/minimum-versions.ts";
import { nameOfSdks } from "../core/credentials/sdk.ts";
import { sdkOf } from "../core/credentials/sdk-of.ts";
import type {
  Absent,
  ContainerSpec,
  Found,
  LogErrorGroup,
  Question,
  WorkloadFacts,
} from "../core/evidence.ts";
import { type Remedy, setVariables } from "../core/fixes.ts";
import { expectedIdentity, injectedInto } from "../core/identity.ts";
import { listVariables } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  carries,
  currentErrors,
  currentSigns,
  describeCall,
  isAgentsCall,
  placesOf,
} from "../core/subject.ts";

export const appBypassesDefaultChain = defineRule({
  id: "app-bypasses-default-chain",
  meta: {
    title: "The application chooses its credentials itself and passes by the configured role",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
      "https://docs.awspring.io/spring-cloud-aws/docs/3.0.0/reference/html/index.html",
    ],
    unless: [
      "Java, JavaScript 2, PHP, C++ and Kotlin can fall through to the node's role when the identity is broken: look at the trust policy and the agent first.",
      "The SDK is too old: see sdk-too-old-for-pod-identity and sdk-too-old-for-irsa.",
    ],
    messages: {
      setting:
        "Container {{container}} of pod {{pod}} carries {{expected}}, but its setting {{setting}} makes the application take other credentials: {{call}} was denied to the node role {{principal}}.",
      code: "Container {{container}} of pod {{pod}} carries {{expected}}, yet {{call}} was denied to the node role {{principal}}. The default chain of {{sdk}} cannot lead there from an injected identity, so the application names its credentials itself or its SDK is older than the mechanism.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      const expected = expectedIdentity(evidence);
      if (expected === null || expected.mechanism === "none") return "no identity is configured";
      if (!currentErrors(evidence).some(isOfNode)) return "no call of the node role was denied";
      const places = placesOf(evidence["k8s.pods"], question);
      return (
        places.some(({ container }) => carries(container, expected)) || "no container carries the identity"
      );
    },
  },
  needs: ["cloudtrail.events"],
  check(evidence, question) {
    const expected = expectedIdentity(evidence);
    if (expected === null || expected.mechanism === "none") return notApplicable("no identity is configured");
    const { mechanism, roleArn } = expected;
    for (const { pod, container } of placesOf(evidence["k8s.pods"], question)) {
      if (!carries(container, expected) || injectedInto(container).mechanism !== mechanism) continue;
      const isOf = (seen: { pods: readonly string[]; containers: readonly string[] }) =>
        seen.pods.includes(pod.name) && seen.containers.includes(container.name);
      const error = currentErrors(evidence).find((one) => isOfNode(one) && isOf(one));
      if (error === undefined) continue;
      const refused = currentSigns(evidence).some(
        (sign) =>
          isOf(sign) && (sign.sign === "sdk-refuses-agent-address" || sign.sign === "sts-module-missing"),
      );
      if (refused) return notApplicable("the SDK says itself why it cannot use the identity");
      const facts = {
        container: container.name,
        pod: pod.name,
        expected: roleArn ?? "",
        call: describeCall(error),
        principal: error.principalArn ?? "",
      };
      const setting = settingOf(container, mechanism);
      if (setting !== null) {
        const [name = ""] = setting.split("=");
        return fail(
          "setting",
          { ...facts, setting },
          withoutVariable(evidence["k8s.workload"], container.name, name, question),
        );
      }
      const { candidates, version } = sdkOf(evidence, pod, container);
      const [sdk] = candidates;
      if (sdk === undefined || candidates.some((one) => fallsThrough(one, mechanism) !== "error")) continue;
      if (candidates.some((one) => tooOldFor(one, version, mechanism) === true)) {
        return notApplicable("the SDK is too old");
      }
      const title =
        "Look in the application's code and settings for a credentials provider (instance profile, a profile, keys) and let it use the SDK's default chain; else build it with a later SDK";
      return fail(
        "code",
        { ...facts, sdk: nameOfSdks(candidates) },
        { manual: [{ title, command: listVariables(question, container.name) }] },
      );
    }
    return pass();
  },
});

function isOfNode(error: LogErrorGroup) {
  return error.kind === "access-denied" && error.principalKind === "node-role" && !isAgentsCall(error);
}

/**
 * The setting by which Spring Cloud AWS takes other credentials before the default chain; the older one asks the
 * container source too, so it passes by web identity only. Null: the pod spec has none.
 */
function settingOf(container: ContainerSpec, mechanism: "irsa" | "pod-identity"): string | null {
  const names = [/^SPRING_CLOUD_AWS_CREDENTIALS_INSTANCE_?PROFILE$/];
  if (mechanism === "irsa") names.push(/^CLOUD_AWS_CREDENTIALS_INSTANCE_?PROFILE$/);
  const found = container.env.find(
    ({ name, value }) => value?.toLowerCase() === "true" && names.some((pattern) => pattern.test(name)),
  );
  return found === undefined ? null : `${found.name}=${found.value}`;
}

/** Out of the pod template; where a person must look, the template's variables are listed. */
function withoutVariable(
  workload: Found<WorkloadFacts> | Absent,
  container: string,
  name: string,
  question: Question,
): Remedy {
  if (workload.status === "found") return setVariables(workload, container, { [name]: null }, question);
  const title = `Take ${name} out of container ${container}, so that the application uses the SDK's default chain`;
  return { manual: [{ title, command: listVariables(question, container) }] };
}
