import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { unmetered } from "../../app/call-budget.ts";
import type { CallMeter } from "../../app/ports.ts";
import { type AssumedRole, createAssumedRole } from "./assumed-role.ts";
import { metered, type SdkClient } from "./metered.ts";

/** How every client is set up. */
export interface ClientSettings {
  readonly region: string;
  readonly maxAttempts: number;
  readonly userAgentAppId: string;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
  readonly credentials?: ReturnType<typeof createAssumedRole>;
}

export interface AwsClients {
  readonly region: string;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  /** Event history is kept by Region; that of global services in us-east-1. */
  cloudtrail(region: string): CloudTrailClient;
  /** Sets up a client of a service that few questions need, whose package is loaded only then. */
  other<C extends SdkClient>(make: (settings: ClientSettings) => C): C;
}

/**
 * Clients of one Region with the SDK's own configuration: default credential chain, `AWS_PROFILE`,
 * `AWS_ENDPOINT_URL`. Two attempts: a question has one deadline, and what is throttled is told as such.
 * @param role assumed with the process's own credentials, for clusters of another account.
 * @param meter counts every attempt of every client.
 */
export function createAwsClients(
  region: string,
  role: AssumedRole | null = null,
  meter: CallMeter = unmetered,
): AwsClients {
  const own: ClientSettings = {
    region,
    maxAttempts: 2,
    userAgentAppId: "eksiam",
    // Without these the SDK waits for ever, also where no deadline of a question stands behind the call.
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
  };
  const settings: ClientSettings =
    role === null
      ? own
      : { ...own, credentials: createAssumedRole(metered(new STSClient(own), meter), role) };
  const trails = new Map<string, CloudTrailClient>();
  return {
    region,
    eks: metered(new EKSClient(settings), meter),
    iam: metered(new IAMClient(settings), meter),
    sts: metered(new STSClient(settings), meter),
    cloudtrail(trailRegion) {
      const client =
        trails.get(trailRegion) ??
        metered(new CloudTrailClient({ ...settings, region: trailRegion, maxAttempts: 3 }), meter);
      trails.set(trailRegion, client);
      return client;
    },
    other: (make) => metered(make(settings), meter),
  };
}

/** Whose credentials this process has. No permission is needed. @throws the SDK's error where it has none. */
export async function callerIdentity(
  { sts }: AwsClients,
  abortSignal: AbortSignal = new AbortController().signal,
): Promise<{ accountId: string; arn: string }> {
  const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal });
  return { accountId: Account, arn: Arn };
}
