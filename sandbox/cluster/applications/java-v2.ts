import type { ProcessFacts, ProviderFailure, Sdk } from "./application.ts";
import { operationName, serviceNames, title } from "./services.ts";
import { failedRequest, springNoise, springStart } from "./spring-boot.ts";

const version = "2.25.16";

function frame(at: string, module = "sdk-core"): string {
  return `\tat ${at} ~[${module}-${version}.jar!/:na]`;
}

function clientFrames(process: ProcessFacts, action: string): readonly string[] {
  const module = action.slice(0, action.indexOf(":"));
  const operation = operationName(action);
  const method = operation.charAt(0).toLowerCase() + operation.slice(1);
  const { name } = process.application;
  const service = serviceNames(action).javaV2.service;
  return [
    frame(
      "software.amazon.awssdk.core.internal.http.pipeline.stages.ApiCallAttemptMetricCollectionStage.execute(ApiCallAttemptMetricCollectionStage.java:56)",
    ),
    frame(
      "software.amazon.awssdk.core.internal.http.pipeline.stages.RetryableStage.execute(RetryableStage.java:81)",
    ),
    frame(
      "software.amazon.awssdk.core.internal.http.AmazonSyncHttpClient$RequestExecutionBuilderImpl.execute(AmazonSyncHttpClient.java:182)",
    ),
    frame(
      "software.amazon.awssdk.awscore.client.handler.AwsSyncClientHandler.execute(AwsSyncClientHandler.java:53)",
      "aws-core",
    ),
    frame(
      `software.amazon.awssdk.services.${module}.Default${service}Client.${method}(Default${service}Client.java:5163)`,
      module,
    ),
    `\tat com.example.${name}.repositories.${title(name)}Repository.find(${title(name)}Repository.java:58) ~[classes!/:na]`,
    `\tat com.example.${name}.web.${title(name)}Controller.list(${title(name)}Controller.java:37) ~[classes!/:na]`,
  ];
}

const chainFrames = [
  frame(
    "software.amazon.awssdk.core.exception.SdkClientException$BuilderImpl.build(SdkClientException.java:111)",
  ),
  frame(
    "software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain.resolveCredentials(AwsCredentialsProviderChain.java:130)",
    "auth",
  ),
  frame(
    "software.amazon.awssdk.auth.credentials.internal.LazyAwsCredentialsProvider.resolveCredentials(LazyAwsCredentialsProvider.java:45)",
    "auth",
  ),
  frame(
    "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider.resolveCredentials(DefaultCredentialsProvider.java:131)",
    "auth",
  ),
  frame(
    "software.amazon.awssdk.awscore.internal.authcontext.AwsCredentialsAuthorizationStrategy.resolveCredentials(AwsCredentialsAuthorizationStrategy.java:106)",
    "aws-core",
  ),
];

const profile = "ProfileCredentialsProvider(profileName=default, profileFile=ProfileFile(sections=[]))";
const settings =
  "Unable to load credentials from system settings. Access key must be specified either via environment variable (AWS_ACCESS_KEY_ID) or system property (aws.accessKeyId).";

/** The whole chain's complaint: what each provider says stands inside it. */
function chainText(failures: readonly ProviderFailure[]): string {
  const web = failures.find((failure) => failure.provider === "web-identity");
  const container = failures.find((failure) => failure.provider === "container");
  const webText =
    web?.reason === "module-missing"
      ? "To use web identity tokens, the 'sts' service module must be on the class path."
      : web?.reason === "refused" && web.refusal !== null
        ? `${web.refusal.message} (Service: Sts, Status Code: ${web.refusal.status}, Request ID: ${web.refusal.requestId})`
        : "Either the environment variable AWS_WEB_IDENTITY_TOKEN_FILE or the javaproperty aws.webIdentityTokenFile must be set.";
  const containerText =
    container === undefined || container.reason === "not-configured"
      ? "Cannot fetch credentials from container - neither AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI environment variables are set."
      : container.reason === "address-refused"
        ? "The full URI (http://169.254.170.23/v1/credentials) contained within environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host. Host should resolve to a loopback address or have the full URI be HTTPS."
        : "Failed to load credentials from metadata service.";
  return `Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider(), EnvironmentVariableCredentialsProvider(), WebIdentityTokenCredentialsProvider(), ${profile}, ContainerCredentialsProvider(), InstanceProfileCredentialsProvider()]) : [SystemPropertyCredentialsProvider(): ${settings}, EnvironmentVariableCredentialsProvider(): ${settings}, WebIdentityTokenCredentialsProvider(): ${webText}, ${profile}: Profile file contained no credentials for profile 'default': ProfileFile(sections=[]), ContainerCredentialsProvider(): ${containerText}, InstanceProfileCredentialsProvider(): Failed to load credentials from IMDS.]`;
}

/** A Spring Boot service with the AWS SDK for Java 2.x. */
export const javaV2: Sdk = {
  userAgent: `aws-sdk-java/${version} Linux/6.1.79-99.164.amzn2023.x86_64 OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS Java/17.0.10 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy`,
  release: { present: version, beforePodIdentity: "2.20.68", beforeIrsa: "2.10.5" },
  stopsAt: [],
  proxiesAgent: true,
  sessionName: (at) => `aws-sdk-java-${at.getTime()}`,
  chain: [
    ["web-identity", "next"],
    ["container", "next"],
    ["instance-metadata", "next"],
  ],
  remembersProvider: true,
  log: {
    started: springStart,
    noise: springNoise,
    succeeded: () => [],
    denied(process, call, refusal) {
      const { service, exception } = serviceNames(call.action).javaV2;
      const message = `${refusal.message} (Service: ${service}, Status Code: ${refusal.status}, Request ID: ${refusal.requestId})`;
      return failedRequest(process, exception, message, [
        frame(
          "software.amazon.awssdk.protocols.json.internal.unmarshall.AwsJsonProtocolErrorUnmarshaller.handle(AwsJsonProtocolErrorUnmarshaller.java:43)",
          "aws-json-protocol",
        ),
        frame(
          "software.amazon.awssdk.core.http.MetricCollectingHttpResponseHandler.lambda$handle$0(MetricCollectingHttpResponseHandler.java:52)",
        ),
        ...clientFrames(process, call.action),
      ]);
    },
    withoutCredentials(process, call, failures) {
      return failedRequest(
        process,
        "software.amazon.awssdk.core.exception.SdkClientException",
        chainText(failures),
        [...chainFrames, ...clientFrames(process, call.action)],
      );
    },
  },
};
