import type { Evidence } from "../core/evidence.ts";
import { setVariables } from "../core/fixes.ts";
import { known } from "../core/identity.ts";
import { listVariables, setVariable } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentErrors, listed } from "../core/subject.ts";

export const regionMissing = defineRule({
  id: "region-missing",
  meta: {
    title: "The SDK does not know its Region",
    stage: "endpoint",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: ["The application passes a wrong or empty Region in code."],
    messages: {
      region:
        "The SDK in container {{containers}} finds no Region ({{excerpt}}). The pod spec sets none, and the webhook adds AWS_REGION only to pods that it gives an identity.",
      elsewhere:
        "The SDK in container {{containers}} finds no Region ({{excerpt}}), although its environment has {{variable}}: the application's own configuration must be hiding it.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => errorsOf(evidence).length > 0 || "no SDK misses its Region",
  },
  needs: ["k8s.workload"],
  wants: ["eks.cluster"],
  check(evidence, question) {
    const errors = errorsOf(evidence);
    const [first] = errors;
    const workload = evidence["k8s.workload"];
    if (first === undefined || workload.status === "absent") return pass();
    const names = errors.flatMap(({ containers }) => containers);
    const set = (known(evidence["k8s.pods"])?.pods ?? [])
      .flatMap(({ containers }) => containers)
      .filter(({ name }) => names.includes(name))
      .flatMap(({ env }) => env)
      .find(({ name }) => name === "AWS_REGION" || name === "AWS_DEFAULT_REGION");
    const data = { containers: listed(names), excerpt: first.excerpt };
    if (set !== undefined) {
      return fail(
        "elsewhere",
        { ...data, variable: set.name },
        {
          manual: [
            {
              title: "Give the application's client the Region explicitly, or let it read the environment",
              command: listVariables(question, errors[0]?.containers[0]),
            },
          ],
        },
      );
    }
    const region = known(evidence["eks.cluster"])?.region;
    const [container] = names;
    const change =
      region === undefined || container === undefined
        ? {}
        : setVariables(workload, container, { AWS_REGION: region }, question);
    if (change.fix !== undefined) return fail("region", data, change);
    return fail("region", data, {
      manual: [
        {
          title: "Set the Region; the pods are then replaced",
          command: setVariable(question, container, `AWS_REGION=${region ?? "<region>"}`),
        },
      ],
    });
  },
});

function errorsOf(evidence: Evidence) {
  return currentErrors(evidence).filter(({ kind }) => kind === "region-missing");
}
