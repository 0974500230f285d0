import { namedPolicies, refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed } from "../core/subject.ts";

export const vpcEndpointPolicyDeny = defineRule({
  id: "vpc-endpoint-policy-deny",
  meta: {
    title: "The policy of a VPC endpoint does not let the call through",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["The same call fails from outside the VPC, too: then another layer refuses it."],
    messages: {
      endpoint:
        "{{role}} may not {{calls}}: the calls go through {{endpoints}}, whose policy does not allow them. The same calls may work from outside this VPC.",
    },
  },
  when: whenRefusedBy("vpc-endpoint"),
  needs: [],
  wants: ["ec2.vpc-endpoints", "eks.cluster"],
  check(evidence) {
    const refused = refusedBy(evidence, ["vpc-endpoint"]);
    if (refused.length === 0) return pass();
    const services = new Set(
      refused.flatMap(
        ({ action, missingAction }) => (missingAction ?? action)?.split(":")[0]?.toLowerCase() ?? [],
      ),
    );
    const endpoints = (known(evidence["ec2.vpc-endpoints"]) ?? []).filter(({ serviceName }) =>
      services.has(serviceName.split(".").at(-1) ?? ""),
    );
    const named = endpoints.map(({ id, serviceName }) => `VPC endpoint ${id} (${serviceName})`);
    const vpcId = known(evidence["eks.cluster"])?.vpcId ?? null;
    return fail(
      "endpoint",
      {
        ...refusedCallsData(evidence, refused),
        endpoints: named.length > 0 ? listed(named) : namedPolicies(refused, "a VPC endpoint"),
      },
      {
        manual: [
          {
            title:
              "Allow the calls for this role in the endpoint's policy, or remove its limit on this service",
            command:
              endpoints[0] !== undefined
                ? `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids ${shellWord(endpoints[0].id)}`
                : `aws ec2 describe-vpc-endpoints${vpcId === null ? "" : ` --filters Name=vpc-id,Values=${shellWord(vpcId)}`}`,
          },
        ],
      },
    );
  },
});
