import { parseArn } from "./iam/arn.ts";
import type { ManualStep } from "./plan.ts";
import { shellWord } from "./shell.ts";

/** How the policy of a resource is read, and written again from `policy.json`. */
interface PolicyCommands {
  readonly read: string;
  readonly write: string;
}

/**
 * Steps that change the policy of a resource: read it, edit it, write it. Where the kind of resource has no policy that
 * is known here, CloudTrail shows who last changed it.
 */
export function resourcePolicySteps(title: string, resource: string | null): readonly ManualStep[] {
  const commands = resource === null ? null : commandsFor(resource);
  if (commands === null) {
    const name = shellWord(`AttributeKey=ResourceName,AttributeValue=${resource ?? "<resource>"}`);
    return [{ title, command: `aws cloudtrail lookup-events --lookup-attributes ${name}` }];
  }
  return [
    { title: `${title}: read the policy`, command: `${commands.read} > policy.json` },
    { title: "Then write it back, once policy.json is corrected", command: commands.write },
  ];
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html; null: not known. */
function commandsFor(resource: string): PolicyCommands | null {
  const arn = parseArn(resource);
  if (arn === null) return null;
  const { service, region, accountId } = arn;
  const whole = shellWord(resource);
  const at = region === "" ? "" : ` --region ${shellWord(region)}`;
  const [first = "", second = ""] = arn.resource.split("/");
  switch (service) {
    case "s3":
      return {
        read: `aws s3api get-bucket-policy --bucket ${shellWord(first)} --query Policy --output text`,
        write: `aws s3api put-bucket-policy --bucket ${shellWord(first)} --policy file://policy.json`,
      };
    case "sqs": {
      const url = `"$(aws sqs get-queue-url${at} --queue-name ${shellWord(first)} --queue-owner-aws-account-id ${shellWord(accountId)} --query QueueUrl --output text)"`;
      return {
        read: `aws sqs get-queue-attributes${at} --queue-url ${url} --attribute-names Policy --query Attributes.Policy --output text`,
        write: `aws sqs set-queue-attributes${at} --queue-url ${url} --attributes "$(jq -n --rawfile policy policy.json '{Policy: $policy}')"`,
      };
    }
    case "sns":
      return {
        read: `aws sns get-topic-attributes${at} --topic-arn ${whole} --query Attributes.Policy --output text`,
        write: `aws sns set-topic-attributes${at} --topic-arn ${whole} --attribute-name Policy --attribute-value file://policy.json`,
      };
    case "kms":
      return {
        read: `aws kms get-key-policy${at} --key-id ${whole} --policy-name default --query Policy --output text`,
        write: `aws kms put-key-policy${at} --key-id ${whole} --policy-name default --policy file://policy.json`,
      };
    case "secretsmanager":
      return {
        read: `aws secretsmanager get-resource-policy${at} --secret-id ${whole} --query ResourcePolicy --output text`,
        write: `aws secretsmanager put-resource-policy${at} --secret-id ${whole} --resource-policy file://policy.json`,
      };
    case "dynamodb": {
      const table = shellWord(resource.replace(/\/(?:index|stream)\/.*$/, ""));
      return {
        read: `aws dynamodb get-resource-policy${at} --resource-arn ${table} --query Policy --output text`,
        write: `aws dynamodb put-resource-policy${at} --resource-arn ${table} --policy file://policy.json`,
      };
    }
    case "ecr":
      return {
        read: `aws ecr get-repository-policy${at} --registry-id ${shellWord(accountId)} --repository-name ${shellWord(arn.resource.replace(/^repository\//, ""))} --query policyText --output text`,
        write: `aws ecr set-repository-policy${at} --registry-id ${shellWord(accountId)} --repository-name ${shellWord(arn.resource.replace(/^repository\//, ""))} --policy-text file://policy.json`,
      };
    case "kinesis":
      return {
        read: `aws kinesis get-resource-policy${at} --resource-arn ${whole} --query Policy --output text`,
        write: `aws kinesis put-resource-policy${at} --resource-arn ${whole} --policy file://policy.json`,
      };
    case "iam":
      return first === "role" && second !== ""
        ? {
            read: `aws iam get-role --role-name ${shellWord(arn.resource.slice(arn.resource.lastIndexOf("/") + 1))} --query Role.AssumeRolePolicyDocument`,
            write: `aws iam update-assume-role-policy --role-name ${shellWord(arn.resource.slice(arn.resource.lastIndexOf("/") + 1))} --policy-document file://policy.json`,
          }
        : null;
    default:
      return null;
  }
}
