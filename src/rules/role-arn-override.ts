import { isByHand } from "../core/credentials/sources.ts";
import { setVariables } from "../core/fixes.ts";
import { sameRole } from "../core/iam/arn.ts";
import { expectedIdentity } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, objectOf, type Place, placesOf } from "../core/subject.ts";

const symptoms = new Set(["access-denied", "assume-role-web-identity-denied", "invalid-identity-token"]);

export const roleArnOverride = defineRule({
  id: "role-arn-override",
  meta: {
    title: "The pod spec names another role than the one that is configured",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html",
    ],
    unless: [
      "The pods carry a role of before that the template does not name: see pod-older-than-annotation.",
      "Another role that works is the owner's choice.",
    ],
    messages: {
      other:
        "The pod template of {{object}} sets AWS_ROLE_ARN={{set}} in container {{container}}, so its SDK takes that role and not {{expected}}, which is configured; its log shows {{count}} errors of kind {{kind}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      const workload = evidence["k8s.workload"];
      const expected = expectedIdentity(evidence)?.roleArn ?? null;
      if (workload.status === "absent" || expected === null) return "no role is configured";
      const other = placesOf(evidence["k8s.pods"], question).some(
        ({ container }) =>
          isByHand("AWS_ROLE_ARN", container, workload.value) && otherRole(container, expected) !== null,
      );
      return other || "no container names another role";
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence)?.roleArn ?? null;
    if (workload.status === "absent" || expected === null) return notApplicable("no role is configured");
    const object = objectOf(workload.value);
    for (const { pod, container } of placesOf(evidence["k8s.pods"], question)) {
      const set = otherRole(container, expected);
      if (set === null || !isByHand("AWS_ROLE_ARN", container, workload.value)) continue;
      // Another role can be meant: only one that fails is worth a word.
      const error = currentErrors(evidence).find(
        ({ kind, pods, containers, principalArn }) =>
          symptoms.has(kind) &&
          pods.includes(pod.name) &&
          containers.includes(container.name) &&
          (kind !== "access-denied" || (principalArn !== null && sameRole(principalArn, set))),
      );
      if (error === undefined) continue;
      const data = {
        object,
        container: container.name,
        set,
        expected,
        count: String(error.count),
        kind: error.kind,
      };
      const own = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"].filter((name) =>
        isByHand(name, container, workload.value),
      );
      const taken = Object.fromEntries(own.map((name) => [name, null]));
      return fail("other", data, setVariables(workload, container.name, taken, question));
    }
    return pass();
  },
});

/** The role of a container's own web identity where it is another than the expected one. */
function otherRole(container: Place["container"], expected: string): string | null {
  const variable = container.env.find(({ name }) => name === "AWS_ROLE_ARN");
  if (!container.env.some(({ name }) => name === "AWS_WEB_IDENTITY_TOKEN_FILE")) return null;
  const set = variable?.value ?? null;
  return set === null || sameRole(set, expected) ? null : set;
}
