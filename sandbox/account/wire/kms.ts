import { parseArn } from "../../../src/core/iam/arn.ts";
import type { Resource } from "../resources.ts";
import { jsonService, requiredText } from "./json.ts";
import { AwsError, authorize, type Call } from "./service.ts";

/** KMS in AWS JSON 1.1: https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html */
export const kms = jsonService({
  name: "kms",
  operations: {
    /** Takes an alias too, which GetKeyPolicy does not. */
    DescribeKey(call, body) {
      const asked = requiredText(body, "KeyId");
      const key = keyFor(call, "kms:DescribeKey", asked);
      const { accountId, resource } = parseArn(key.arn) ?? { accountId: "", resource: "" };
      return {
        KeyMetadata: {
          AWSAccountId: accountId,
          KeyId: resource.replace("key/", ""),
          Arn: key.arn,
          Enabled: true,
          KeyState: "Enabled",
          KeyManager: "CUSTOMER",
        },
      };
    },
    GetKeyPolicy(call, body) {
      const asked = requiredText(body, "KeyId");
      if (/^alias\/|:alias\//.test(asked)) {
        throw new AwsError(400, "InvalidArnException", `${asked} is not the ARN of a key`);
      }
      const key = keyFor(call, "kms:GetKeyPolicy", asked);
      return { Policy: JSON.stringify(key.policy, null, 2), PolicyName: "default" };
    },
  },
});

function keyFor(call: Call, action: string, asked: string): Resource {
  const { account } = call;
  const key = account.kmsKey(asked);
  const unknown = asked.startsWith("arn:")
    ? asked
    : `arn:aws:kms:${account.region}:${account.accountId}:key/${asked}`;
  authorize(call, action, key?.arn ?? unknown);
  if (key === undefined) throw new AwsError(400, "NotFoundException", `Key '${unknown}' does not exist`);
  return key;
}
