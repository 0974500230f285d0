import { jsonService, requiredText } from "./json.ts";
import { AwsError, authorize } from "./service.ts";

/** SQS in AWS JSON 1.0: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
export const sqs = jsonService({
  name: "sqs",
  version: "1.0",
  operations: {
    GetQueueAttributes(call, body) {
      const url = requiredText(body, "QueueUrl");
      const [owner = "", name = ""] = new URL(url).pathname.split("/").filter((part) => part !== "");
      const arn = `arn:aws:sqs:${call.request.region}:${owner}:${name}`;
      authorize(call, "sqs:GetQueueAttributes", arn);
      const queue = call.account.resource(arn);
      if (queue === undefined) {
        throw new AwsError(
          400,
          "com.amazonaws.sqs#QueueDoesNotExist",
          "The specified queue does not exist or you do not have access to it.",
        );
      }
      // An attribute that is not set is not in the answer, and without any there is no map.
      return queue.policy === null ? {} : { Attributes: { Policy: JSON.stringify(queue.policy) } };
    },
  },
});
