import { profileSigns } from "../core/credentials/sources.ts";
import { expectedIdentity, isExpectedRole } from "../core/identity.ts";
import { listVariables, setVariable } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  currentErrors,
  currentSigns,
  describeCall,
  objectOf,
  type Place,
  placesOf,
} from "../core/subject.ts";

export const profileOverride = defineRule({
  id: "profile-override",
  meta: {
    title: "A profile is used instead of the configured role",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    ],
    unless: [
      "A profile is set and the configured role is used: then it only sets a Region or the like.",
      "Calls of an IAM user: see static-keys-override.",
    ],
    messages: {
      missing:
        "Container {{container}} of pod {{pod}} asks for a profile that its configuration files do not have ({{origin}}; {{excerpt}}).",
      otherRole:
        "Container {{container}} of pod {{pod}} calls AWS as {{principal}}, not as {{expected}}; its pod spec leads it to a profile ({{origin}}). The denied call was {{call}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      const expected = expectedIdentity(evidence);
      if (expected === null || expected.mechanism === "none") return "no identity is configured";
      if (currentSigns(evidence).some(({ sign }) => sign === "profile-not-found")) return true;
      const led = placesOf(evidence["k8s.pods"], question).some(
        ({ container }) => profileSigns(container).length > 0,
      );
      return (
        (led && currentErrors(evidence).some(({ kind }) => kind === "access-denied")) ||
        "no container is led to a profile and fails"
      );
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence)?.roleArn ?? null;
    if (workload.status === "absent" || expected === null)
      return notApplicable("there is no workload or no role");
    const object = objectOf(workload.value);
    for (const place of placesOf(evidence["k8s.pods"], question)) {
      const { pod, container } = place;
      const signs = profileSigns(container);
      const at = { container: container.name, pod: pod.name };
      const remedy = {
        manual: [
          {
            title: `Take ${signs.length === 0 ? "the profile out of the application's settings" : `${signs.join(", ")} out of container ${container.name} of ${object}`}, or correct the file, so that the SDK reaches the configured role`,
            command:
              profileVariable(signs) === null
                ? listVariables(question, container.name)
                : setVariable(question, container.name, `${profileVariable(signs)}-`),
          },
        ],
      };
      const missing = currentSigns(evidence).find(
        (sign) => sign.sign === "profile-not-found" && isOf(place, sign),
      );
      if (missing !== undefined) {
        const origin = signs.length === 0 ? "the pod spec names none" : signs.join(", ");
        return fail("missing", { ...at, origin, excerpt: missing.excerpt }, remedy);
      }
      const other = currentErrors(evidence).find(
        (error) =>
          error.kind === "access-denied" &&
          isOf(place, error) &&
          error.principalKind !== "node-role" &&
          error.principalArn?.includes(":assumed-role/") === true &&
          !isExpectedRole(evidence, error.principalArn),
      );
      if (other === undefined || signs.length === 0) continue;
      const data = {
        ...at,
        principal: other.principalArn ?? "",
        expected,
        origin: signs.join(", "),
        call: describeCall(other),
      };
      return fail("otherRole", data, remedy);
    }
    return pass();
  },
});

/** The first variable that leads to a profile; null: none does, but a mounted file. */
function profileVariable(signs: readonly string[]): string | null {
  return signs.find((sign) => !sign.startsWith("mount "))?.split("=")[0] ?? null;
}

function isOf(
  { pod, container }: Place,
  seen: { readonly pods: readonly string[]; readonly containers: readonly string[] },
): boolean {
  return seen.pods.includes(pod.name) && seen.containers.includes(container.name);
}
