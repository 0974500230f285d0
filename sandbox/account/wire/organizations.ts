import type { Organization, OrganizationPolicy } from "../organization.ts";
import { jsonService, requiredText } from "./json.ts";
import { AwsError, authorize, awsError, type Call, pageOf } from "./service.ts";

/** Organizations in AWS JSON 1.1: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html */
export const organizations = jsonService({
  name: "organizations",
  operations: {
    /** Any account of the organization may ask. */
    DescribeOrganization(call) {
      authorize(call, "organizations:DescribeOrganization", "*");
      const { id, managementAccountId } = organizationOf(call);
      const Arn = `arn:aws:organizations::${managementAccountId}:organization/${id}`;
      return { Organization: { Id: id, Arn, FeatureSet: "ALL", MasterAccountId: managementAccountId } };
    },
    ListParents(call, body) {
      const childId = requiredText(body, "ChildId");
      const { targets } = readable(call, "organizations:ListParents");
      const place = targets.findIndex(({ id }) => id === childId);
      const parent = targets[place - 1];
      if (parent === undefined) throw new AwsError(400, "ChildNotFoundException", "There is no such child.");
      return { Parents: [{ Id: parent.id, Type: parent.type }] };
    },
    ListPoliciesForTarget(call, body) {
      const targetId = requiredText(body, "TargetId");
      const filter = requiredText(body, "Filter");
      const { policies, targets } = readable(call, "organizations:ListPoliciesForTarget");
      if (!targets.some(({ id }) => id === targetId)) {
        throw new AwsError(400, "TargetNotFoundException", "You specified a target that doesn't exist.");
      }
      const { items, next } = pageOf(
        policies.filter((policy) => policy.targetId === targetId && policy.type === filter),
        {
          token: typeof body["NextToken"] === "string" ? body["NextToken"] : null,
          size: 2,
          asked: `${targetId} ${filter}`,
          badToken: awsError(call.service.codes.badToken, "The token is not valid."),
        },
      );
      return { Policies: items.map(summaryOf), ...(next === null ? {} : { NextToken: next }) };
    },
    DescribePolicy(call, body) {
      const id = requiredText(body, "PolicyId");
      const policy = readable(call, "organizations:DescribePolicy").policies.find((one) => one.id === id);
      if (policy === undefined) {
        throw new AwsError(
          400,
          "PolicyNotFoundException",
          "We can't find a policy with the PolicyId that you specified.",
        );
      }
      return { Policy: { PolicySummary: summaryOf(policy), Content: JSON.stringify(policy.document) } };
    },
  },
});

/** The organization for its administrators. @throws AwsError for everybody else. */
function readable(call: Call, action: string): Organization {
  authorize(call, action, "*");
  const organization = organizationOf(call);
  if (organization.role === "member") {
    throw new AwsError(400, "AccessDeniedException", "You don't have permissions to access this resource.");
  }
  return organization;
}

function organizationOf({ account }: Call): Organization {
  const organization = account.organization();
  if (organization !== null) return organization;
  throw new AwsError(
    400,
    "AWSOrganizationsNotInUseException",
    "Your account is not a member of an organization.",
  );
}

function summaryOf({ id, arn, name, type, awsManaged }: OrganizationPolicy) {
  return { Id: id, Arn: arn, Name: name, Type: type, AwsManaged: awsManaged };
}
