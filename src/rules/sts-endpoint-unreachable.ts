import { known } from "../core/identity.ts";
import { setVariable } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const stsEndpointUnreachable = defineRule({
  id: "sts-endpoint-unreachable",
  meta: {
    title: "The pod cannot reach STS",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/configure-sts-endpoint.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
    ],
    unless: ["No name at all resolves in the cluster: then CoreDNS is at fault."],
    messages: {
      unreachable:
        "Container {{containers}} does not reach STS ({{excerpt}}). Without a NAT gateway, the VPC needs an endpoint for STS, with private DNS and a security group that lets the pods in.",
      global:
        "Container {{containers}} does not reach STS ({{excerpt}}). It is told to use the global endpoint ({{variable}}), which a VPC endpoint does not serve.",
    },
  },
  when: whenSign("sts-unreachable"),
  needs: [],
  wants: ["eks.cluster"],
  check(evidence, question) {
    const sign = signOf(evidence, "sts-unreachable");
    if (sign === null) return pass();
    const region = known(evidence["eks.cluster"])?.region ?? "<region>";
    const pods = known(evidence["k8s.pods"])?.pods ?? [];
    const legacy = pods
      .flatMap(({ containers }) => containers)
      .filter(({ name }) => sign.containers.includes(name))
      .flatMap(({ env }) => env)
      .find(({ name, value }) => name === "AWS_STS_REGIONAL_ENDPOINTS" && value === "legacy");
    if (legacy !== undefined) {
      return fail(
        "global",
        { ...signData(sign), variable: `${legacy.name}=${legacy.value}` },
        {
          manual: [
            {
              title: "Let the SDK use the regional endpoint; the pods are then replaced",
              command: setVariable(question, sign.containers[0], "AWS_STS_REGIONAL_ENDPOINTS=regional"),
            },
          ],
        },
      );
    }
    return fail("unreachable", signData(sign), {
      manual: [
        {
          title: "See whether the VPC has an endpoint for STS, and whether the name resolves in the cluster",
          command: `aws ec2 describe-vpc-endpoints --region ${shellWord(region)} --filters Name=service-name,Values=${shellWord(`com.amazonaws.${region}.sts`)}`,
        },
      ],
    });
  },
});
