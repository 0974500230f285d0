import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { attachNodePolicy } from "../core/fixes.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";

export const nodeRoleLacksEksAuth = defineRule({
  id: "node-role-lacks-eks-auth",
  meta: {
    title: "The node role may not ask EKS Auth for credentials",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
    ],
    unless: ["EKS Auth refuses the association's role, not the node's: see pi-trust-missing-principal."],
    messages: {
      denied:
        "Agent {{agent}} on node {{node}} calls EKS Auth as the node role, which may not eks-auth:AssumeRoleForPodIdentity ({{excerpt}}). Policy AmazonEKSWorkerNodePolicy allows it.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],
  wants: ["eks.node-role"],
  check(evidence, question) {
    const error = agentError(evidence["k8s.agent-logs"], "node-role-denied");
    if (error === null) return pass();

    const nodeRole = known(evidence["eks.node-role"]);
    const attach = nodeRole === null ? null : attachNodePolicy(nodeRole.roleArn, question);
    if (attach !== null) return fail("denied", agentData(error), { fix: [attach] });
    return fail("denied", agentData(error), {
      manual: [
        {
          title:
            "Attach AmazonEKSWorkerNodePolicy to the node's role, or allow it eks-auth:AssumeRoleForPodIdentity",
          command:
            "aws iam attach-role-policy --role-name NODE_ROLE --policy-arn arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        },
      ],
    });
  },
});
