import type { ProcessFacts, ProviderFailure, Sdk } from "./application.ts";
import { operationName, serviceNames } from "./services.ts";

function line(process: ProcessFacts, level: string, scope: string, message: string): string {
  const time = process.at.toISOString();
  return `[Nest] 1  - ${time.slice(5, 7)}/${time.slice(8, 10)}/${time.slice(0, 4)}, ${time.slice(11, 19)} ${level.padStart(7)} [${scope}] ${message}`;
}

function stack(process: ProcessFacts, action: string): readonly string[] {
  const client = serviceNames(action).jsNamespace;
  return [
    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
    "    at async /app/node_modules/@smithy/middleware-serde/dist-cjs/index.js:33:20",
    "    at async /app/node_modules/@smithy/core/dist-cjs/index.js:165:18",
    "    at async /app/node_modules/@smithy/middleware-retry/dist-cjs/index.js:320:38",
    `    at async /app/node_modules/@aws-sdk/${client}/node_modules/@aws-sdk/middleware-logger/dist-cjs/index.js:33:22`,
    `    at async ${process.application.name}Service.handle (/app/dist/${process.application.name}/service.js:48:24)`,
  ];
}

function metadata(status: number | null, requestId: string | null): readonly string[] {
  return [
    "  '$fault': 'client',",
    "  '$metadata': {",
    `    httpStatusCode: ${status ?? "undefined"},`,
    `    requestId: ${requestId === null ? "undefined" : `'${requestId}'`},`,
    "    extendedRequestId: undefined,",
    "    cfId: undefined,",
    "    attempts: 1,",
    "    totalRetryDelay: 0",
    "  }",
    "}",
  ];
}

function credentialError(
  process: ProcessFacts,
  action: string,
  failures: readonly ProviderFailure[],
): readonly string[] {
  const failure = failures.at(-1);
  if (failure?.provider === "web-identity" && failure.refusal !== null) {
    return [
      `${failure.refusal.code}: ${failure.refusal.message}`,
      "    at throwDefaultError (/app/node_modules/@smithy/smithy-client/dist-cjs/index.js:840:20)",
      ...stack(process, action).slice(0, -1),
      `${stack(process, action).at(-1) ?? ""} {`,
      ...metadata(failure.refusal.status, failure.refusal.requestId),
    ];
  }
  // Every failure of the agent ends in this text: the last provider tried knows only localhost.
  const message =
    failure?.provider === "container"
      ? "169.254.170.23 is not a valid container metadata service hostname"
      : failure?.reason === "token-file-missing"
        ? "ENOENT: no such file or directory, open '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'"
        : "Could not load credentials from any providers";
  return [
    `CredentialsProviderError: ${message}`,
    "    at /app/node_modules/@aws-sdk/credential-provider-node/dist-cjs/index.js:131:11",
    ...stack(process, action).slice(0, -1),
    `${stack(process, action).at(-1) ?? ""} {`,
    `  tryNextLink: ${failure?.provider === "container" ? "false" : "true"}`,
    "}",
  ];
}

/** A NestJS service with the AWS SDK for JavaScript v3. */
export const jsV3: Sdk = {
  userAgent: "aws-sdk-js/3.540.0 ua/2.0 os/linux#5.10.210-201.855.amzn2.x86_64 lang/js md/nodejs#20.11.1",
  release: { present: "3.540.0", beforePodIdentity: "3.410.0", beforeIrsa: "3.20.0" },
  stopsAt: [],
  proxiesAgent: false,
  sessionName: (at) => `aws-sdk-js-session-${at.getTime()}`,
  chain: [
    ["web-identity", "stop"],
    ["container", "stop"],
    ["instance-metadata", "stop"],
  ],
  remembersProvider: false,
  log: {
    started: (process) => [
      line(process, "LOG", "NestFactory", "Starting Nest application..."),
      line(process, "LOG", "InstanceLoader", "AppModule dependencies initialized +24ms"),
      line(process, "LOG", "RouterExplorer", `Mapped {/${process.application.name}/:id, GET} route +2ms`),
      line(process, "LOG", "NestApplication", "Nest application successfully started +3ms"),
    ],
    noise: (process) => [
      line(process, "LOG", "HTTP", `GET /health 200 - ${1 + process.random.int(3)}ms`),
      line(
        process,
        "LOG",
        "HTTP",
        `POST /${process.application.name}/${process.random.hex(6)} from 10.42.103.${2 + process.random.int(250)}`,
      ),
    ],
    succeeded: (process, call) => [
      line(
        process,
        "LOG",
        "Aws",
        `${operationName(call.action)} succeeded +${10 + process.random.int(60)}ms`,
      ),
    ],
    denied(process, call, refusal) {
      const frames = stack(process, call.action);
      return [
        line(process, "ERROR", "ExceptionsHandler", refusal.message),
        `${refusal.code}: ${refusal.message}`,
        "    at throwDefaultError (/app/node_modules/@smithy/smithy-client/dist-cjs/index.js:840:20)",
        ...frames.slice(0, -1),
        `${frames.at(-1) ?? ""} {`,
        ...metadata(refusal.status, refusal.requestId),
      ];
    },
    withoutCredentials: (process, call, failures) => [
      line(process, "ERROR", "ExceptionsHandler", "request failed"),
      ...credentialError(process, call.action, failures),
    ],
  },
};
