import type { Account } from "../../account/account.ts";
import type { ContainerLog } from "../logs.ts";
import type { Application, ProcessFacts, Sdk, SdkName } from "./application.ts";
import { boto3 } from "./boto3.ts";
import { type ContainerView, type CredentialEndpoints, createCredentialChain } from "./credentials.ts";
import { goV2 } from "./go-v2.ts";
import { javaV1 } from "./java-v1.ts";
import { javaV2 } from "./java-v2.ts";
import { jsV3 } from "./js-v3.ts";
import { noAws } from "./no-aws.ts";

const sdks: Readonly<Record<SdkName, Sdk>> = {
  "java-v1": javaV1,
  "java-v2": javaV2,
  boto3,
  "go-v2": goV2,
  "js-v3": jsV3,
  none: noAws,
};

const releases = { "before-pod-identity": "beforePodIdentity", "before-irsa": "beforeIrsa" } as const;

/** A running program of a container. */
export interface ContainerProcess {
  /** One round of work: a little noise, and every AWS call once. Answers whether the program has ended by it. */
  tick(): "running" | "exited";
}

export interface ProcessParts {
  readonly application: Application;
  readonly facts: Omit<ProcessFacts, "at" | "application">;
  readonly now: () => Date;
  readonly log: ContainerLog;
  readonly account: Account;
  /** The VPC that its calls come from. */
  readonly vpcId: string | null;
  /** How far its node's clock is ahead. */
  readonly clockSkewMs: number;
  readonly container: ContainerView;
  readonly endpoints: CredentialEndpoints;
}

/** Starts the program: it writes its start-up lines at once, and works when ticked. */
export function startProcess(parts: ProcessParts): ContainerProcess {
  const { application, account, log } = parts;
  const sdk = sdks[application.sdk];
  // Stack traces and start-up lines name the release, as the user agent does.
  const ofRelease = (text: string) =>
    application.release === undefined
      ? text
      : text.replaceAll(sdk.release.present, sdk.release[releases[application.release]]);
  const userAgent = ofRelease(sdk.userAgent);
  const resolve = createCredentialChain({ ...sdk, userAgent }, application, parts.container, parts.endpoints);

  const { env } = parts.container;
  const seconds = application.sessions?.seconds;
  const endpoint = env.get("AWS_ENDPOINT_URL_STS");
  const circumstances = {
    userAgent,
    vpcId: parts.vpcId,
    clockSkewMs: parts.clockSkewMs,
    region: env.get("AWS_REGION") ?? account.region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(seconds === undefined ? {} : { durationSeconds: seconds }),
  };

  function facts(): ProcessFacts {
    return { ...parts.facts, application, at: parts.now() };
  }

  function write(lines: readonly string[]): void {
    log.append(parts.now(), lines.map(ofRelease));
  }

  const complaint = application.cannotStart?.(facts()) ?? null;
  write(complaint ?? (application.startLines ?? sdk.log.started)(facts()));

  return {
    tick() {
      if (complaint !== null) return "exited";
      if (application.startLines !== undefined) return "running";
      let failed = false;
      write(sdk.log.noise(facts()));
      write(application.alsoLogs?.(facts()) ?? []);
      for (const call of application.calls) {
        const credentials = resolve(parts.now());
        if (!credentials.ok) {
          write(sdk.log.withoutCredentials(facts(), call, credentials.failures));
          failed = true;
          continue;
        }
        const answer = account.call(credentials.session, { ...call, ...circumstances });
        failed ||= !answer.ok;
        write(answer.ok ? sdk.log.succeeded(facts(), call) : sdk.log.denied(facts(), call, answer));
      }
      return failed && application.exitsOnFailure === true ? "exited" : "running";
    },
  };
}
