import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const eksAuthUnreachable = defineRule({
  id: "eks-auth-unreachable",
  meta: {
    title: "The agent does not reach EKS Auth",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
      "https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html",
    ],
    unless: ["The node role may not make the call: see node-role-lacks-eks-auth."],
    messages: {
      unreachable:
        "Agent {{agent}} on node {{node}} does not reach EKS Auth ({{excerpt}}). Without a NAT gateway, the VPC needs an endpoint for eks-auth whose security group lets the nodes in.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],
  wants: ["eks.cluster"],
  check(evidence) {
    const error = agentError(evidence["k8s.agent-logs"], "eks-auth-unreachable");
    if (error === null) return pass();

    const region = known(evidence["eks.cluster"])?.region ?? "REGION";
    return fail("unreachable", agentData(error), {
      manual: [
        {
          title: "See whether the VPC has an endpoint for EKS Auth",
          command: `aws ec2 describe-vpc-endpoints --region ${shellWord(region)} --filters ${shellWord(`Name=service-name,Values=com.amazonaws.${region}.eks-auth`)}`,
        },
      ],
    });
  },
});
