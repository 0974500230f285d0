import type { ProcessFacts, ProviderFailure, Sdk } from "./application.ts";
import { agentBody } from "./credentials.ts";
import { operationName } from "./services.ts";

const site = "/usr/local/lib/python3.12/site-packages";

function line(process: ProcessFacts, level: string, logger: string, message: string): string {
  const time = process.at.toISOString();
  return `${time.slice(0, 10)} ${time.slice(11, 19)},${time.slice(20, 23)} ${level} [${process.application.name}.${logger}] ${message}`;
}

function method(action: string): string {
  return operationName(action)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

function traceback(
  process: ProcessFacts,
  action: string,
  frames: readonly string[],
  error: string,
): readonly string[] {
  const { name } = process.application;
  return [
    line(process, "ERROR", "worker", `${name} round failed, will retry`),
    "Traceback (most recent call last):",
    `  File "/app/${name}/worker.py", line 83, in run`,
    "    self.round()",
    `  File "/app/${name}/worker.py", line 112, in round`,
    `    self.client.${method(action)}(**request)`,
    `  File "${site}/botocore/client.py", line 565, in _api_call`,
    "    return self._make_api_call(operation_name, kwargs)",
    ...frames,
    error,
  ];
}

const requestFrames = [
  `  File "${site}/botocore/client.py", line 1001, in _make_api_call`,
  "    http, parsed_response = self._make_request(",
  `  File "${site}/botocore/endpoint.py", line 119, in make_request`,
  "    return self._send_request(request_dict, operation_model)",
];

const credentialFrames = [
  ...requestFrames,
  `  File "${site}/botocore/signers.py", line 189, in sign`,
  "    auth = self.get_auth_instance(**kwargs)",
  `  File "${site}/botocore/credentials.py", line 653, in get_frozen_credentials`,
  "    self._refresh()",
];

function credentialError(failures: readonly ProviderFailure[]): string {
  const failure = failures.at(-1);
  if (failure?.provider === "settings") return settingsError(failure);
  if (failure?.reason === "unreachable" && failure.provider === "web-identity") {
    return `botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "${failure.detail}/"`;
  }
  if (failure?.reason === "token-file-denied") {
    return "PermissionError: [Errno 13] Permission denied: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'";
  }
  if (failure?.provider === "web-identity") {
    return failure.refusal === null
      ? "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'"
      : `botocore.exceptions.ClientError: An error occurred (${failure.refusal.code}) when calling the AssumeRoleWithWebIdentity operation: ${failure.refusal.message}`;
  }
  if (failure?.reason === "address-refused") {
    return "ValueError: Unsupported host '169.254.170.23'.  Can only retrieve metadata from these hosts: 169.254.170.2, localhost, 127.0.0.1";
  }
  if (failure?.provider === "container") {
    const reason =
      failure.refusal === null
        ? 'Received error when attempting to retrieve container metadata: Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"'
        : `Received non 200 response ${failure.refusal.status} from container metadata: ${agentBody(failure.refusal)}`;
    return `botocore.exceptions.CredentialRetrievalError: Error when retrieving credentials from container-role: Error retrieving metadata: ${reason}`;
  }
  return "botocore.exceptions.NoCredentialsError: Unable to locate credentials";
}

function settingsError({ reason, detail }: ProviderFailure): string {
  if (reason === "partial-keys") {
    return `botocore.exceptions.PartialCredentialsError: Partial credentials found in env, missing: ${detail}`;
  }
  return reason === "profile-missing"
    ? `botocore.exceptions.ProfileNotFound: The config profile (${detail}) could not be found`
    : "botocore.exceptions.NoRegionError: You must specify a region.";
}

/** A Python worker with boto3. */
export const boto3: Sdk = {
  userAgent:
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#5.10.210-201.855.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.2 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.69",
  release: { present: "1.34.69", beforePodIdentity: "1.28.85", beforeIrsa: "1.12.199" },
  stopsAt: ["partial-keys", "profile-missing"],
  proxiesAgent: false,
  sessionName: (at) => `botocore-session-${Math.floor(at.getTime() / 1000)}`,
  chain: [
    ["web-identity", "stop"],
    ["container", "stop"],
    ["instance-metadata", "stop"],
  ],
  remembersProvider: false,
  log: {
    started: (process) => [
      line(
        process,
        "INFO",
        "worker",
        `starting ${process.application.name} 2.7.0 (python 3.12.2, boto3 1.34.69)`,
      ),
      line(process, "INFO", "config", "loaded configuration from environment"),
      line(process, "INFO", "health", "listening on 0.0.0.0:8000"),
    ],
    noise: (process) => [
      line(process, "INFO", "health", `10.42.101.${2 + process.random.int(250)} GET /healthz 200`),
      line(process, "INFO", "worker", `picked up ${1 + process.random.int(9)} item(s)`),
    ],
    succeeded: (process, call) => [
      line(process, "INFO", "worker", `${method(call.action)} ok in ${20 + process.random.int(60)} ms`),
    ],
    denied(process, call, refusal) {
      const operation = operationName(call.action);
      return traceback(
        process,
        call.action,
        [
          `  File "${site}/botocore/client.py", line 1021, in _make_api_call`,
          "    raise error_class(parsed_response, operation_name)",
        ],
        `botocore.exceptions.ClientError: An error occurred (${refusal.code}) when calling the ${operation} operation: ${refusal.message}`,
      );
    },
    withoutCredentials: (process, call, failures) =>
      traceback(process, call.action, credentialFrames, credentialError(failures)),
  },
};
