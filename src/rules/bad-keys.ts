import type { Evidence } from "../core/evidence.ts";
import { known } from "../core/identity.ts";
import { listVariables } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, currentSigns, listed } from "../core/subject.ts";

export const badKeys = defineRule({
  id: "bad-keys",
  meta: {
    title: "AWS does not know the keys that the application signs with",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html",
      "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
    ],
    unless: [
      "The keys are set in the pod spec: see static-keys-override.",
      "The signature's time or Region is what is refused.",
    ],
    messages: {
      keys: "AWS rejects the keys of container {{containers}} ({{excerpt}}). They are in no variable that the pod spec names, so they come from a file, the image or the application's own configuration. No policy is involved.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => errorsOf(evidence).length > 0 || "AWS rejects no keys",
  },
  needs: [],
  check(evidence, question) {
    const errors = errorsOf(evidence);
    const [first] = errors;
    if (first === undefined) return pass();
    const signs = currentSigns(evidence).map(({ sign }) => sign);
    if (signs.includes("clock-skew") || signs.includes("signature-scope")) {
      return notApplicable("the signature is refused for its time or scope, not for its key");
    }
    const names = errors.flatMap(({ containers }) => containers);
    const inSpec = (known(evidence["k8s.pods"])?.pods ?? [])
      .flatMap(({ containers }) => containers)
      .some(
        ({ name, env }) =>
          names.includes(name) && env.some((variable) => variable.name === "AWS_ACCESS_KEY_ID"),
      );
    if (inSpec) return notApplicable("the keys are set in the pod spec");
    return fail(
      "keys",
      { containers: listed(names), excerpt: first.excerpt },
      {
        manual: [
          {
            title:
              "Find where the application takes its keys from, and remove them, so that its SDK reaches the role of its service account; keys of a deleted user or of another partition (aws-cn, aws-us-gov) are rejected the same way",
            command: listVariables(question, names[0]),
          },
        ],
      },
    );
  },
});

function errorsOf(evidence: Evidence) {
  return currentErrors(evidence).filter(({ kind }) => kind === "bad-keys");
}
