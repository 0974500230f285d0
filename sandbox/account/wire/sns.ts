import { actionOf, queryAnswer, queryCodes, queryError, queryParameters } from "./query.ts";
import { AwsError, authorize, type Service } from "./service.ts";

const namespace = "http://sns.amazonaws.com/doc/2010-03-31/";

/** SNS in AWS Query: https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
export const sns: Service = {
  name: "sns",
  contentType: "text/xml",
  codes: { ...queryCodes, accessDenied: { status: 403, code: "AuthorizationError" } },
  operationOf: actionOf,
  answer(call) {
    if (call.operation !== "GetTopicAttributes") {
      throw new AwsError(
        400,
        "InvalidAction",
        `The action ${call.operation} is not valid for this endpoint.`,
      );
    }
    const arn = new URLSearchParams(call.request.body).get("TopicArn") ?? "";
    authorize(call, "sns:GetTopicAttributes", arn);
    const topic = call.account.resource(arn);
    if (topic === undefined) throw new AwsError(404, "NotFound", "Topic does not exist");
    const attributes = {
      TopicArn: arn,
      Owner: topic.ownerAccountId,
      // SNS gives every topic a policy, which lets its owner's account in.
      Policy: JSON.stringify(topic.policy ?? { Version: "2008-10-17", Statement: [] }),
    };
    const entry = Object.entries(attributes).map(([key, value]) => ({ key, value }));
    return queryAnswer(call.operation, namespace, { Attributes: entry }, call.requestId, "entry");
  },
  refuse: (error, requestId) => queryError(error, namespace, requestId),
  trailFacts: (request) => ({ requestParameters: queryParameters(request), resources: [] }),
};
