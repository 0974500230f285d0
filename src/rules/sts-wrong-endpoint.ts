import { setVariable } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";
import { objectOf } from "../core/subject.ts";

export const stsWrongEndpoint = defineRule({
  id: "sts-wrong-endpoint",
  meta: {
    title: "The request is signed for another Region than the endpoint's",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/security-iam-troubleshoot.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html",
    ],
    unless: ["A proxy or an endpoint override sends the requests elsewhere."],
    messages: {
      scope:
        "The endpoint refuses the signature of container {{containers}} because it is made for another Region ({{excerpt}}).",
    },
  },
  when: whenSign("signature-scope"),
  needs: [],
  wants: ["k8s.workload"],
  check(evidence, question) {
    const sign = signOf(evidence, "signature-scope");
    if (sign === null) return pass();
    const workload = evidence["k8s.workload"];
    const target = workload.status === "found" ? objectOf(workload.value) : null;
    return fail(
      "scope",
      { ...signData(sign) },
      {
        manual: [
          {
            title:
              "Let the SDK use the regional STS endpoint of the pod's own Region; the pods are then replaced",
            command:
              target === null
                ? setVariable(question, sign.containers[0], "AWS_STS_REGIONAL_ENDPOINTS=regional")
                : `kubectl -n ${shellWord(question.namespace)} set env ${shellWord(target)} AWS_STS_REGIONAL_ENDPOINTS=regional`,
          },
        ],
      },
    );
  },
});
