/** The first whose mark is there; the more particular ones come first. */
const marks: readonly (readonly [string, RegExp])[] = [
  ["kotlin", /aws\.sdk\.kotlin|aws\.smithy\.kotlin|No identity could be resolved from the chain/],
  ["java2", /software\.amazon\.awssdk|\(Service: [A-Z]\w+, Status Code: \d{3}/],
  ["java1", /com\.amazonaws\.|\(Service: [^;)]{1,60}; Status Code: \d{3}/],
  ["java2", /SdkClientException|CredentialsProvider\(\):/],
  ["aws-cli", /aws configure|fatal error: |aws: error|aws-cli\//],
  ["boto3", /botocore|boto3|An error occurred \(|container-role/],
  ["boto", /boto\.exception|NoAuthHandlerFound|JSONResponseError|S3ResponseError/],
  ["go2", /operation error |api error |ec2imds|https response error StatusCode/],
  ["go1", /status code: \d{3}, request id|NoCredentialProviders|WebIdentityErr|awserr|aws\/credentials/],
  ["js3", /CredentialsProviderError|@aws-sdk[/+]|@smithy\/|\$metadata|\$fault/],
  ["js2", /aws-sdk\/lib|Missing credentials in config|CredentialsError|EC2 Metadata roleName/],
  ["dotnet", /Amazon\.Runtime|AmazonServiceException|Amazon\.[A-Z]\w+\.Amazon\w+Exception/],
  ["ruby", /Aws::\w+|aws-sdk-ruby|unable to sign request without credentials/],
  ["php", /Aws\\\\?\w+|aws-sdk-php|instance profile metadata se|from ECS \(/],
  ["rust", /aws_config|aws_smithy|ConstructionFailure|CredentialsNotLoaded|no providers in chain/],
  ["cpp", /AWSAuthV4Signer|Aws::Client|STSCredentialsProvider|\[aws-cpp|curlCode/],
  ["fluent-bit", /\[output:|\[aws_credentials\]|\[signv4\]|API responded with error=/],
  ["pulumi", /pulumi/i],
  ["terraform", /[Tt]erraform|with aws_\w+\.\w+|registry\.terraform\.io/],
];

/** The SDK or tool that wrote the text, told by its own words and names; null: nothing shows it. */
export function sdkOfText(text: string): string | null {
  return marks.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}
