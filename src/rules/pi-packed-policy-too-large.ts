import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const piPackedPolicyTooLarge = defineRule({
  id: "pi-packed-policy-too-large",
  meta: {
    title: "The session's tags and policy are too large together",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    ],
    unless: ["A policy document itself is too long: IAM says so when it is saved."],
    messages: {
      packed:
        "EKS cannot make a session of the association's role: its session tags and session policy exceed the packed size that a session may have ({{excerpt}}, told by agent {{agent}} on node {{node}}).",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],

  check(evidence, question) {
    const error = agentError(evidence["k8s.agent-logs"], "packed-policy-too-large");
    if (error === null) return pass();

    const association = known(evidence["eks.association"]);
    const policy = association?.sessionPolicy != null;
    const where = `--cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(association?.associationId ?? "ID")}`;
    return fail("packed", agentData(error), {
      manual: [
        policy
          ? {
              title: "Shorten the association's session policy: its session tags are off already",
              command: `aws eks describe-pod-identity-association ${where}`,
            }
          : {
              title: "Switch the association's session tags off, if no policy asks for them",
              command: `aws eks update-pod-identity-association ${where} --disable-session-tags`,
            },
      ],
    });
  },
});
