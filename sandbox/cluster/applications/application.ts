import type { JsonValue } from "../../../src/core/json.ts";
import type { AccessKey, Refusal } from "../../account/model.ts";
import type { Random } from "../random.ts";

/** Which AWS SDK a simulated program is written with; `none`: it makes no AWS calls. */
export type SdkName = "java-v1" | "java-v2" | "boto3" | "go-v2" | "js-v3" | "none";

/** One AWS call that the program makes at every round. */
interface AwsCall {
  /** As IAM spells it: `dynamodb:Query`. */
  readonly action: string;
  readonly resource: string;
}

/** What an image holds: a program, its SDK and what it does with AWS. */
export interface Application {
  readonly name: string;
  readonly sdk: SdkName;
  readonly calls: readonly AwsCall[];
  /** False: its containers never become ready, as after a bad release. */
  readonly ready?: boolean;
  /** True: the first AWS call that fails ends the process, and the kubelet starts it again after a while. */
  readonly exitsOnFailure?: boolean;
  /** The release of its SDK; the present one by default. */
  readonly release?: "before-pod-identity" | "before-irsa";
  /** What it reads once, and keeps although it ends. */
  readonly keeps?: "token" | "session";
  /** The provider that its code names; by default it takes the SDK's chain. */
  readonly provider?: "instance-metadata";
  /** The access key in a file of its image, which it uses before anything else. */
  readonly keysInImage?: string;
  /** True: its client knows no Region but the environment's; by default the code names one. */
  readonly regionFromEnvironment?: boolean;
  /** Java: the SDK's module for STS is not on the class path. */
  readonly withoutStsModule?: boolean;
  /** The user that its entry point changes to, whatever the pod spec says. */
  readonly becomesUser?: number;
  /** What it asks of its sessions: a policy for that of its own role, a duration for those of roles that it assumes. */
  readonly sessions?: { readonly policy?: JsonValue; readonly seconds?: number };
  /** How the program asks the agent, where that is not as its SDK does; `impatient` gives up at once. */
  readonly asksAgent?: "without-token" | "with-bearer" | "by-name" | "impatient";
  /** A port of its node that it takes where it runs on the host's network. */
  readonly listensOn?: number;
  /** What else it writes at every round. */
  readonly alsoLogs?: (process: ProcessFacts) => readonly string[];
  /** Lines of a program that is not one of the written-out kinds (an agent, a DNS server), at its start. */
  readonly startLines?: (process: ProcessFacts) => readonly string[];
  /** With `startLines`: what keeps the program from running; it writes these lines instead, and ends. */
  readonly cannotStart?: (process: ProcessFacts) => readonly string[] | null;
}

/** What a running container is to the program inside. */
export interface ProcessFacts {
  readonly application: Application;
  readonly pod: string;
  readonly namespace: string;
  readonly podIp: string;
  readonly node: NodeView;
  readonly random: Random;
  /** The time of this moment. */
  readonly at: Date;
}

/** What a program on the host's network meets there. */
export interface NodeView {
  readonly ipv6: boolean;
  /** Whether another program listens on the port. */
  taken(port: number): boolean;
}

/** A provider of the default chain that gave no credentials. */
export interface ProviderFailure {
  readonly provider: ProviderName;
  readonly reason:
    | "not-configured"
    | "unreachable"
    | "token-file-missing"
    | "token-file-denied"
    | "module-missing"
    | "partial-keys"
    | "profile-missing"
    | "region-missing"
    | "refused"
    /** The SDK does not call such an address. */
    | "address-refused"
    /** The metadata service answers, and has no role. */
    | "no-role";
  /** With `refused`: what STS or EKS Auth answered. */
  readonly refusal: Refusal | null;
  /** The endpoint that was not reached, the profile that is not there. */
  readonly detail?: string;
}

/** `settings`: what is read before any provider is asked. */
export type ProviderName = "settings" | "web-identity" | "container" | "instance-metadata";

export type Credentials =
  | { readonly ok: true; readonly session: AccessKey }
  | {
      readonly ok: false;
      /** Every provider that was asked, in order; the last one ended the chain. */
      readonly failures: readonly ProviderFailure[];
    };

/** How programs of one SDK write their log. */
interface SdkLog {
  /** Log lines of the start, before the first AWS call. */
  started(process: ProcessFacts): readonly string[];
  /** Ordinary work that has nothing to do with AWS. */
  noise(process: ProcessFacts): readonly string[];
  succeeded(process: ProcessFacts, call: AwsCall): readonly string[];
  denied(process: ProcessFacts, call: AwsCall, refusal: Refusal): readonly string[];
  withoutCredentials(
    process: ProcessFacts,
    call: AwsCall,
    failures: readonly ProviderFailure[],
  ): readonly string[];
}

export interface Sdk {
  readonly userAgent: string;
  /** As the user agent names it; the last release before EKS Pod Identity that the sandbox knows. */
  readonly release: {
    readonly present: string;
    readonly beforePodIdentity: string;
    readonly beforeIrsa: string;
  };
  /** What it gives up at instead of going on to the chain. */
  readonly stopsAt: readonly ("partial-keys" | "profile-missing")[];
  /** Whether it asks the agent through a proxy that the environment names. */
  readonly proxiesAgent: boolean;
  /** Name of a web identity session. */
  sessionName(at: Date): string;
  /** The order of the default chain, and whether a configured provider that fails ends it. */
  readonly chain: readonly (readonly [provider: ProviderName, onFailure: "next" | "stop"])[];
  /** Java keeps to the first provider that worked until the process ends. */
  readonly remembersProvider: boolean;
  readonly log: SdkLog;
}
