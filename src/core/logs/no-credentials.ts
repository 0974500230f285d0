import type { Symptom } from "./symptoms.ts";

/** The last words of the chains of providers, SDK by SDK, and of providers that can do without a chain. */
export const noCredentials: Symptom = {
  kind: "no-credentials",
  patterns: [
    // Java
    /Unable to load (?:AWS )?credentials from any/g,
    /Unable to load credentials from service endpoint/g,
    /SdkClientException: Unable to load (?:AWS )?credentials from (?:environment|system|Java system)/g,
    /No AWS Credentials provided by|NoAuthWithAWSException|NoAwsCredentialsException/g,
    /To use (?:web identity tokens|assume role profiles),? the [\w'-]{3,24} (?:service )?module must be on the class ?path/g,
    // Python, command line
    /Unable to locate credentials/gi,
    /NoAuthHandlerFound/g,
    /Partial credentials found in/g,
    /has no role ARN configured|role ARN is not set/g,
    /The config profile \([^)]{1,128}\) could not be found/g,
    // Go
    /NoCredentialProviders/g,
    /no EC2 IMDS role found/g,
    /no EC2 instance role found/g,
    /request to EC2 IMDS failed/g,
    /no valid credential sources/gi,
    /failed to get shared config profile/g,
    /WebIdentityErr: failed fetching WebIdentity token/g,
    /WebIdentityErr: unable to read file/g,
    // JavaScript
    /Missing credentials in config/g,
    /Could not load credentials from any providers/g,
    /Need to perform AWS calls for account .{1,40}?, but no credentials/g,
    /AWS provider credentials not found/gi,
    /Credential is missing/g,
    /EC2 Metadata roleName request returned error/g,
    // .NET
    /Unable to get IAM security credentials/g,
    /Failed to resolve AWS credentials/g,
    /Unable to find credentials/g,
    /Assembly AWSSDK\.\w{2,40} could not be found or loaded/g,
    // Ruby, PHP
    /MissingCredentialsError/g,
    /unable to sign request without credentials set/g,
    /Error retrieving credentials from the instance profile/g,
    /Unexpected instance profile response code/g,
    // Rust, the common runtime
    /no providers in chain provided credentials|provider failed to provide credentials/g,
    /MissingCredentials\b|CredentialsNotLoaded/g,
    /an error occurred while loading credentials/g,
    /AWS_AUTH_SIGNING_NO_CREDENTIALS|Failed to get a valid set of credentials/g,
    /Valid credentials could not be sourced by/g,
    /AWS_AUTH_CREDENTIALS_PROVIDER_\w{2,40}_SOURCE_FAILURE/g,
    /Couldn't find AWS credentials in/g,
    // Swift
    /AWSSDKIdentity\.IMDSError|failedToResolveAWSCredentials/g,
    /\bNo credential provider found/g,
    // Kotlin
    /No (?:identity could be resolved|credentials could be loaded) from the chain/g,
    // Fluent Bit
    /Provider returned no credentials/g,
    // What services answer to a request that nobody signed
    /\bMissingAuthenticationToken(?:Exception)?\b/g,
    // An SDK from before EKS Pod Identity refuses the agent's address, and so finds no credentials.
    /only loopback hosts are allowed/g,
    /did not refer to the loopback interface/g,
    /Unsupported host '?(?:169\.254\.170\.23|fd00:ec2::23)/g,
    /AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host/g,
    /AWS_CONTAINER_CREDENTIALS_FULL_URI must use a loopback address/g,
    /contains an unsupported host/g,
    /Unsupported hostname: AWS\.RemoteCredentials/g,
  ],
};

/** What SDKs write around the reason; it counts only where no reason is given. */
export const unexplained: Symptom = {
  kind: "no-credentials",
  patterns: [
    /WebIdentityErr: failed to retrieve credentials/g,
    /failed to refresh cached credentials/g,
    /failed to sign request: failed to retrieve credentials/g,
    /\bCredentialRetrievalError/g,
  ],
};

/** An SDK that refuses the agent's address has never asked the agent. */
export const refusesAgent =
  /only loopback hosts are allowed|did not refer to the loopback interface|Unsupported host '?(?:169\.254\.170\.23|fd00:ec2::23)|FULL_URI has an invalid host|must use a loopback address|contains an unsupported host|Unsupported hostname: AWS\.RemoteCredentials/;

/** Java names each provider and its reason in one message. The last is asked about metadata, and tells that it has none. */
export const providerList = /from any (?:of the )?providers? in the chain/;
