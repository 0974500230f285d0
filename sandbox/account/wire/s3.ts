import { xml } from "./query.ts";
import { AwsError, authorize, type Service, type WireRequest } from "./service.ts";

/** S3 in REST XML, with buckets in the path: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
export const s3: Service = {
  name: "s3",
  contentType: "application/xml",
  codes: {
    accessDenied: { status: 403, code: "AccessDenied" },
    unknownKey: { status: 403, code: "InvalidAccessKeyId" },
    badSignature: { status: 403, code: "SignatureDoesNotMatch" },
    unsigned: { status: 403, code: "AccessDenied" },
    throttled: { status: 503, code: "SlowDown" },
    serverError: { status: 500, code: "InternalError" },
    badToken: { status: 400, code: "InvalidArgument" },
  },
  operationOf: (request) =>
    request.method === "GET" && request.url.searchParams.has("policy") ? "GetBucketPolicy" : "Unknown",
  answer(call) {
    const { account, operation, principal, request } = call;
    if (operation !== "GetBucketPolicy")
      throw new AwsError(501, "NotImplemented", "There is no such operation.");
    const name = bucketOf(request);
    const arn = `arn:aws:s3:::${name}`;
    const bucket = account.resource(arn);
    if (bucket === undefined) throw new AwsError(404, "NoSuchBucket", "The specified bucket does not exist");
    authorize(call, "s3:GetBucketPolicy", arn);
    if (bucket.ownerAccountId !== principal.accountId) {
      throw new AwsError(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
      );
    }
    if (bucket.policy === null) {
      throw new AwsError(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
    }
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(bucket.policy),
    };
  },
  refuse: ({ status, code, message }, requestId) => ({
    status,
    body: xml({ Error: { Code: code, Message: message, RequestId: requestId } }),
  }),
  trailFacts: (request) => ({
    requestParameters: { bucketName: bucketOf(request), policy: "" },
    resources: [{ type: "AWS::S3::Bucket", name: `arn:aws:s3:::${bucketOf(request)}` }],
  }),
};

function bucketOf({ url }: WireRequest): string {
  return decodeURIComponent(url.pathname.split("/")[1] ?? "");
}
