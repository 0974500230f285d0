import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";
import { listed } from "../core/subject.ts";

export const clockSkew = defineRule({
  id: "clock-skew",
  meta: {
    title: "The clock of the node is wrong",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
      "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html",
    ],
    unless: ["The request waited for minutes between signing and sending, in a queue or a debugger."],
    messages: {
      skew: "AWS refuses requests of container {{containers}} for their time ({{excerpt}}): the clock of {{nodes}} differs from AWS's by more than the few minutes that a signature allows.",
    },
  },
  when: whenSign("clock-skew"),
  needs: [],

  check(evidence, question) {
    const sign = signOf(evidence, "clock-skew");
    if (sign === null) return pass();
    const pods = evidence["k8s.pods"];
    const places =
      pods.status === "found" ? pods.value.pods.filter(({ name }) => sign.pods.includes(name)) : [];
    const names = places.flatMap(({ nodeName }) => nodeName ?? []);
    const [node] = names;
    const nodes = names.length === 0 ? "its node" : listed(names.map((name) => `node ${name}`));
    return fail(
      "skew",
      { ...signData(sign), nodes },
      {
        manual: [
          {
            title:
              "Compare the node's clock with the real time, and let chrony follow the Amazon Time Sync Service",
            command:
              node === undefined
                ? `kubectl -n ${shellWord(question.namespace)} get pods -o wide`
                : `kubectl debug node/${shellWord(node)} -it --image=public.ecr.aws/amazonlinux/amazonlinux:minimal -- date -u`,
          },
        ],
      },
    );
  },
});
