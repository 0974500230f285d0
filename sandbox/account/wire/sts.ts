import { principalOfCaller } from "../principals.ts";
import { queryAnswer, queryError } from "./query.ts";
import { AwsError, type Service } from "./service.ts";

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** STS in AWS Query. GetCallerIdentity needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export const sts: Service = {
  contentType: "text/xml",
  unknownKeyCode: "InvalidClientTokenId",
  operationOf: ({ body }) => new URLSearchParams(body).get("Action") ?? "Unknown",
  answer({ caller, operation, requestId }) {
    if (operation !== "GetCallerIdentity")
      throw new AwsError(400, "InvalidAction", `Could not find operation ${operation}`);
    const { arn, userId, accountId } = principalOfCaller(caller);
    return queryAnswer(operation, namespace, { Arn: arn, UserId: userId, Account: accountId }, requestId);
  },
  refuse: (error, requestId) => queryError(error, namespace, requestId),
};
