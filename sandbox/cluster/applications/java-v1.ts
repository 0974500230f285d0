import type { ProcessFacts, ProviderFailure, Sdk } from "./application.ts";
import { operationName, serviceNames, title } from "./services.ts";
import { failedRequest, springNoise, springStart } from "./spring-boot.ts";

const version = "1.12.780";

function frame(at: string, module = "core"): string {
  return `\tat ${at} ~[aws-java-sdk-${module}-${version}.jar!/:na]`;
}

function clientFrames(process: ProcessFacts, action: string): readonly string[] {
  const module = action.slice(0, action.indexOf(":"));
  const operation = operationName(action);
  const { name } = process.application;
  const client = serviceNames(action).javaV1.exception.replace(".model", "").replace("Exception", "Client");
  const simple = client.slice(client.lastIndexOf(".") + 1);
  return [
    frame(`${client}.doInvoke(${simple}.java:6831)`, module),
    frame(`${client}.invoke(${simple}.java:6798)`, module),
    frame(`${client}.execute${operation}(${simple}.java:4521)`, module),
    `\tat com.example.${name}.repositories.${title(name)}Repository.find(${title(name)}Repository.java:64) ~[classes!/:na]`,
    `\tat com.example.${name}.web.${title(name)}Controller.get(${title(name)}Controller.java:41) ~[classes!/:na]`,
  ];
}

const requestFrames = [
  frame(
    "com.amazonaws.http.AmazonHttpClient$RequestExecutor.handleErrorResponse(AmazonHttpClient.java:1879)",
  ),
  frame(
    "com.amazonaws.http.AmazonHttpClient$RequestExecutor.handleServiceErrorResponse(AmazonHttpClient.java:1418)",
  ),
  frame("com.amazonaws.http.AmazonHttpClient$RequestExecutor.executeOneRequest(AmazonHttpClient.java:1387)"),
  frame("com.amazonaws.http.AmazonHttpClient$RequestExecutor.executeHelper(AmazonHttpClient.java:1157)"),
  frame("com.amazonaws.http.AmazonHttpClient$RequestExecutor.doExecute(AmazonHttpClient.java:814)"),
  frame("com.amazonaws.http.AmazonHttpClient.execute(AmazonHttpClient.java:541)"),
];

const chainFrames = [
  frame(
    "com.amazonaws.auth.AWSCredentialsProviderChain.getCredentials(AWSCredentialsProviderChain.java:136)",
  ),
  frame(
    "com.amazonaws.http.AmazonHttpClient$RequestExecutor.getCredentialsFromContext(AmazonHttpClient.java:1269)",
  ),
  frame(
    "com.amazonaws.http.AmazonHttpClient$RequestExecutor.runBeforeRequestHandlers(AmazonHttpClient.java:845)",
  ),
  frame("com.amazonaws.http.AmazonHttpClient.execute(AmazonHttpClient.java:541)"),
];

/** Each provider's own complaint, as the exception of the chain lists them. */
function chainText(failures: readonly ProviderFailure[]): string {
  const web = failures.find((failure) => failure.provider === "web-identity");
  const container = failures.find((failure) => failure.provider === "container");
  const webText =
    web?.refusal !== null && web?.refusal !== undefined
      ? `${web.refusal.message} (Service: AWSSecurityTokenService; Status Code: ${web.refusal.status}; Error Code: ${web.refusal.code}; Request ID: ${web.refusal.requestId}; Proxy: null)`
      : "You must specify a value for roleArn and roleSessionName";
  const containerText =
    container === undefined || container.reason === "not-configured"
      ? "Failed to connect to service endpoint: "
      : container.reason === "address-refused"
        ? "The full URI (http://169.254.170.23/v1/credentials) contained within environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host. Host can only be one of [localhost, 127.0.0.1]."
        : (container.refusal?.body ??
          container.refusal?.message ??
          "Failed to connect to service endpoint: ");
  return [
    "EnvironmentVariableCredentialsProvider: Unable to load AWS credentials from environment variables (AWS_ACCESS_KEY_ID (or AWS_ACCESS_KEY) and AWS_SECRET_KEY (or AWS_SECRET_ACCESS_KEY))",
    "SystemPropertiesCredentialsProvider: Unable to load AWS credentials from Java system properties (aws.accessKeyId and aws.secretKey)",
    `WebIdentityTokenCredentialsProvider: ${webText}`,
    "com.amazonaws.auth.profile.ProfileCredentialsProvider@3e2fc448: profile file cannot be null",
    `com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper@5d10455d: ${containerText}`,
  ].join(", ");
}

/** A Spring Boot service with the AWS SDK for Java 1.x. */
export const javaV1: Sdk = {
  userAgent: `aws-sdk-java/${version} Linux/5.10.205-195.807.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS java/17.0.10`,
  release: { present: version, beforePodIdentity: "1.12.488", beforeIrsa: "1.11.700" },
  stopsAt: [],
  proxiesAgent: true,
  sessionName: (at) => `aws-sdk-java-${at.getTime()}`,
  // Container or instance: the wrapper chooses one by the variable, once.
  chain: [
    ["web-identity", "next"],
    ["container", "stop"],
    ["instance-metadata", "next"],
  ],
  remembersProvider: true,
  log: {
    started: springStart,
    noise: springNoise,
    succeeded: () => [],
    denied(process, call, refusal) {
      const { service, exception } = serviceNames(call.action).javaV1;
      const message = `${refusal.message} (Service: ${service}; Status Code: ${refusal.status}; Error Code: ${refusal.code}; Request ID: ${refusal.requestId}; Proxy: null)`;
      return failedRequest(process, exception, message, [
        ...requestFrames,
        ...clientFrames(process, call.action),
      ]);
    },
    withoutCredentials(process, call, failures) {
      const message = `Unable to load AWS credentials from any provider in the chain: [${chainText(failures)}]`;
      return failedRequest(process, "com.amazonaws.SdkClientException", message, [
        ...chainFrames,
        ...clientFrames(process, call.action),
      ]);
    },
  },
};
