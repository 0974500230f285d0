/** Refusals that name neither caller nor action. */
export const bareDenials: readonly RegExp[] = [
  /\bAccessDenied\b(?=[:)<'"\]]|\s*\(|\s*when|\s*$|\.\s|, AWS Error Message| Error message)/g,
  /\bAccessDenied(?:Exception|Fault)\b/g,
  /\b(?:Client\.)?UnauthorizedOperation\b/g,
  /\bAuthorizationError(?:Exception)?\b(?=.{0,120}(?:SNS|sns|Topic|topic))/g,
  /S3Exception: (?:Access Denied|Forbidden)/g,
  // minio-go and what is built on it: Thanos, Loki, Mimir
  /\bs3 (?:object|bucket)\b.{0,60}?: Access Denied/gi,
  // .NET and Kotlin, where a HEAD request has no body that would say more
  /Error making request with Error Code (?:Forbidden|AccessDenied|403)/g,
  /Service returned error code 403\b/g,
  /\(Service: [^;,()]{1,60}[;,] Status Code: 403/g,
  /https response error StatusCode: 403, RequestID: /g,
  /\bErrors::(?:AccessDenied|Forbidden)\b/g,
  /AWS Error ACCESS_DENIED/g,
  /\$metadata"?: \{ "?httpStatusCode"?: 403/g,
  /Forbidden: null at Request\.extractError/g,
  /\bstatus: (?:StatusCode\()?403.{0,200}x-amz-request-id/g,
  /(?:S3|EC2)ResponseError: 403 Forbidden|BotoServerError: 403 Forbidden/g,
  /S3 error: 403 \(/g,
  /Access Denied.{0,160}aws-sdk/g,
  /[Rr]ole ["(]arn:[^")]{10,300}[")] cannot be assumed/g,
  /You are not authorized to perform this operation\. ?\(Service: /g,
  /\b(?:AWS|EC2|CloudWatch)\b.{0,400}?You are not authorized to perform this operation/g,
  /Unauthorized to perform operation [A-Z]\w{3,60}/g,
  /HTTP response code: 403\b.{0,200}?(?:Exception name|Request ID):/g,
  /Error Code: 403 Forbidden/g,
  /\(403\) when calling the \w{2,60} operation: Forbidden/g,
  /api error (?:Forbidden|AccessDenied)/g,
  /\bs3:\/\/\S{1,200}.{0,60}(?:Access Denied|403 Forbidden)/gi,
  /(?:403 Forbidden|Access Denied).{0,60}(?:amazonaws\.com|s3:\/\/)/g,
  /amazonaws\.com\S{0,300}.{0,40}403 Forbidden/g,
  /Access to KMS is not allowed/g,
  /customer master key that does not exist, does not exist in this region, or you are not allowed to access/g,
  /Access to the resource \S{1,300} is denied/g,
  /Forbidden(?:Exception)?: .{0,80}status code: 403, request id/g,
  /Not authorized for images: \[/g,
  /does not have permissions to manage VPC endpoints/g,
  // A broker of Amazon MSK, of whom IAM decides: https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
  /(?:Sasl|SASL) ?Authentication ?(?:Failed|failed|Exception|Error|FailedError)[^[]{0,40}\[[0-9a-f]{8}-[0-9a-f-]{27}\]: Access denied/g,
];

/** What a refusal names all the same: SQS its queue, Terraform the role. */
export const namedResource =
  /Access to the resource (\S{1,300}) is denied|[Rr]ole ["(](arn:[^")]{10,300})[")] cannot be assumed/;

/**
 * Refusals that name the action and nobody: STS of a role that may not be assumed, the end of a denial whose beginning
 * was cut off, CloudFormation of what a template asks for.
 */
export const namedAction =
  /not authorized to perform:? ?(sts:\w{1,60})|because no [\w -]{4,24}? polic(?:y|ies) allows? the ([A-Za-z0-9-]{2,40}:[A-Za-z0-9]{1,80}) action|AccessDenied\. User doesn't have permission to call ([a-z0-9-]{2,40}:\w{1,80})/i;
