import { jsonService, requiredText } from "./json.ts";
import { AwsError, authorize } from "./service.ts";

/** SQS in AWS JSON 1.0: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
export const sqs = jsonService({
  name: "sqs",
  version: "1.0",
  operations: {
    GetQueueAttributes(call, body) {
      const url = requiredText(body, "QueueUrl");
      const [owner = "", queueName = ""] = new URL(url).pathname.split("/").filter((part) => part !== "");
      const arn = `arn:aws:sqs:${call.request.region}:${owner}:${queueName}`;
      authorize(call, "sqs:GetQueueAttributes", arn);
      const queue = call.account.resource(arn);
      if (queue === undefined) {
        throw new AwsError(
          400,
          "com.amazonaws.sqs#QueueDoesNotExist",
          "The specified queue does not exist or you do not have access to it.",
        );
      }
      const attributes = {
        QueueArn: arn,
        ...(queue.policy === null ? {} : { Policy: JSON.stringify(queue.policy) }),
      };
      const wanted = Array.isArray(body["AttributeNames"]) ? body["AttributeNames"] : [];
      const Attributes = Object.fromEntries(
        Object.entries(attributes).filter(([name]) => wanted.includes(name)),
      );
      // Without any attribute there is no map.
      return Object.keys(Attributes).length === 0 ? {} : { Attributes };
    },
  },
});
