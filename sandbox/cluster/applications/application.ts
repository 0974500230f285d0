import type { Refusal, Session } from "../../account/model.ts";
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
  /** Lines of a program that is not one of the written-out kinds (an agent, a DNS server), at its start. */
  readonly startLines?: (process: ProcessFacts) => readonly string[];
}

/** What a running container is to the program inside. */
export interface ProcessFacts {
  readonly application: Application;
  readonly pod: string;
  readonly namespace: string;
  readonly podIp: string;
  readonly random: Random;
  /** The time of this moment. */
  readonly at: Date;
}

/** A provider of the default chain that gave no credentials. */
export interface ProviderFailure {
  readonly provider: ProviderName;
  readonly reason: "not-configured" | "unreachable" | "token-file-missing" | "refused";
  /** With `refused`: what STS or EKS Auth answered. */
  readonly refusal: Refusal | null;
}

export type ProviderName = "web-identity" | "container" | "instance-metadata";

export type Credentials =
  | { readonly ok: true; readonly session: Session }
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
  /** Name of a web identity session. */
  sessionName(at: Date): string;
  /** The order of the default chain, and whether a configured provider that fails ends it. */
  readonly chain: readonly (readonly [provider: ProviderName, onFailure: "next" | "stop"])[];
  /** Java keeps to the first provider that worked until the process ends. */
  readonly remembersProvider: boolean;
  readonly log: SdkLog;
}
