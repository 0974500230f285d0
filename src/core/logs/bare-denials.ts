/** Refusals that name neither caller nor action. */
export const bareDenials: readonly RegExp[] = [
  /\bAccessDenied\b(?=[:)<'"]|\s*\(|\s*when|\s*$|\.\s|, AWS Error Message)/g,
  /\bAccessDenied(?:Exception|Fault)\b/g,
  /\b(?:Client\.)?UnauthorizedOperation\b/g,
  /\bAuthorizationError(?:Exception)?\b(?=.{0,120}(?:SNS|sns|Topic|topic))/g,
  /S3Exception: (?:Access Denied|Forbidden)/g,
  /Service: (?:Amazon )?S3[,;].{0,40}Status Code: 403/g,
  /You are not authorized to perform this operation\. ?\(Service: /g,
  /Error Code: 403 Forbidden/g,
  /\(403\) when calling the \w{2,60} operation: Forbidden/g,
  /Forbidden: Forbidden status code: 403/g,
  /api error (?:Forbidden|AccessDenied)/g,
  /\bs3:\/\/\S{1,200}.{0,60}(?:Access Denied|403 Forbidden)/gi,
  /(?:403 Forbidden|Access Denied).{0,60}(?:amazonaws\.com|s3:\/\/)/g,
  /amazonaws\.com\S{0,300}.{0,40}403 Forbidden/g,
  /Access to KMS is not allowed/g,
  /Access to the resource \S{1,300} is denied/g,
  /Not authorized for images: \[/g,
  /does not have permissions to manage VPC endpoints/g,
  // A broker of Amazon MSK, of whom IAM decides: https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
  /(?:Sasl|SASL) ?Authentication ?(?:Failed|failed|Exception|Error|FailedError)[^[]{0,40}\[[0-9a-f]{8}-[0-9a-f-]{27}\]: Access denied/g,
];

/** The end of a denial whose beginning was cut off. */
export const denialEnd =
  /because no [\w -]{4,24}? polic(?:y|ies) allows? the ([A-Za-z0-9-]{2,40}:[A-Za-z0-9]{1,80}) action/;
