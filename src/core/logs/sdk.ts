/** The first whose mark is there; tools come before the SDKs inside them, the more particular marks before the others. */
const marks: readonly (readonly [string, RegExp])[] = [
  ["pulumi", /\binvocation of aws:\w+\/|\bpulumi:(?:providers|pulumi)|\bpulumi up\b/],
  [
    "terraform",
    /with (?:module\.\S{1,200}\.)?(?:data\.)?aws_\w+\.\w+,|\bon \S{1,200}\.tf line \d|Terraform AWS Provider/,
  ],
  ["fluent-bit", /\[output:\w|\[aws_credentials\]|\[aws_client\]|\[signv4\]|API responded with error=/],
  [
    "kotlin",
    /aws\.sdk\.kotlin|aws\.smithy\.kotlin|No (?:identity|credentials) could be (?:resolved|loaded) from the chain/,
  ],
  ["java2", /software\.amazon\.awssdk|\(Service: [A-Z]\w+, Status Code: \d{3}/],
  ["java1", /com\.amazonaws\.|\(Service: [^;)]{1,60}; Status Code: \d{3}/],
  ["java2", /SdkClientException|CredentialsProvider\(\):/],
  [
    "aws-cli",
    /aws configure|fatal error: |\baws: error|aws-cli\/|\baws (?:sts|s3|s3api|eks|ec2|iam|kms|ssm|logs|ecr|sqs|sns|lambda|dynamodb|secretsmanager) [a-z]/,
  ],
  ["boto3", /botocore|boto3|An error occurred \(|container-role|NoRegionError/],
  [
    "boto",
    /boto\.exception|NoAuthHandlerFound|JSONResponseError|S3ResponseError|A client error \(|\{u'Message'/,
  ],
  [
    "cpp",
    /AWS Error [A-Z_]{6,40}|AWSAuthV4Signer|Aws::(?:Client|Auth)|STSCredentialsProvider|\[aws-cpp|aws-sdk-cpp|curlCode|\[AWSClient\]|AWSClient \[\d/,
  ],
  [
    "ruby",
    /Aws::\w+|\bAWS::\w+::(?:Errors|ResponseError)|aws-sdk-ruby|aws-sdk-(?:core-|v1-)?\d[\d.]*\/lib|unable to sign request without credentials|MissingRegionError/,
  ],
  [
    "php",
    /Aws\\{1,4}\w|aws-sdk-php|Error executing "\w{2,60}" on "|instance profile metadata se|Unexpected instance profile|from ECS \(/,
  ],
  [
    "dotnet",
    /Amazon\.Runtime|AmazonServiceException|Amazon\.\w+\.Amazon\w+Exception|Failed to resolve AWS credentials/,
  ],
  ["go2", /operation error |api error |ec2imds|https response error StatusCode/],
  [
    "go1",
    /status code: \d{3}, request id|NoCredentialProviders|HTTP credential provider invalid|WebIdentityErr:|awserr|EC2RoleRequestError|ec2metadata|CredentialsEndpointError/,
  ],
  [
    "js3",
    /CredentialsProviderError|@aws-sdk[/+]|@smithy\/|\$metadata|\$fault|deserializeAws_|\bde_\w+(?:Error|Res)\b/,
  ],
  [
    "js2",
    /aws-sdk\/lib|Missing credentials in config|\bCredentialsError|EC2 Metadata roleName|ConfigError: |retryDelay: |Request\.extractError/,
  ],
  [
    "rust",
    /aws_config|aws_smithy|ConstructionFailure|DispatchFailure|\bSdkBody\b|kind: Unhandled\(|CredentialsNotLoaded|no providers in chain/,
  ],
];

/** The SDK or tool that wrote the text, told by its own words and names; null: nothing shows it. */
export function sdkOfText(text: string): string | null {
  return marks.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}
