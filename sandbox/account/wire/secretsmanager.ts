import { jsonService, requiredText } from "./json.ts";
import { AwsError, authorize } from "./service.ts";

/** Secrets Manager in AWS JSON 1.1: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html */
export const secretsmanager = jsonService({
  name: "secretsmanager",
  operations: {
    GetResourcePolicy(call, body) {
      const { account } = call;
      const asked = requiredText(body, "SecretId");
      const arn = asked.startsWith("arn:")
        ? asked
        : `arn:aws:secretsmanager:${account.region}:${account.accountId}:secret:${asked}`;
      const secret = account.resource(arn);
      authorize(call, "secretsmanager:GetResourcePolicy", arn);
      if (secret === undefined) {
        throw new AwsError(
          400,
          "ResourceNotFoundException",
          "Secrets Manager can't find the specified secret.",
        );
      }
      return {
        ARN: secret.arn,
        Name: arn.split(":")[6] ?? "",
        ...(secret.policy === null ? {} : { ResourcePolicy: JSON.stringify(secret.policy) }),
      };
    },
  },
});
