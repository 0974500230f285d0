import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";

/** A role that is assumed for a cluster of another account. */
export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId?: string;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** Credentials are renewed this long before they expire. */
const renewBeforeMs = 5 * 60_000;

/**
 * Credentials of a role, assumed with the process's own and shared by all clients of one cluster. A failure is not
 * remembered. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function createAssumedRole(sts: STSClient, { roleArn, externalId }: AssumedRole) {
  let current: Promise<Credentials> | null = null;
  let renewAtMs = 0;

  async function assume(): Promise<Credentials> {
    const { Credentials: given } = await sts
      .send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: "eksiam",
          ...(externalId === undefined ? {} : { ExternalId: externalId }),
        }),
      )
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : "unknown error";
        throw Object.assign(new Error(`role ${roleArn} could not be assumed: ${reason}`), {
          name: "AssumeRoleFailed",
        });
      });
    const expiration = given?.Expiration ?? new Date();
    renewAtMs = expiration.getTime() - renewBeforeMs;
    return {
      accessKeyId: given?.AccessKeyId ?? "",
      secretAccessKey: given?.SecretAccessKey ?? "",
      sessionToken: given?.SessionToken ?? "",
      expiration,
    };
  }

  return function credentials(): Promise<Credentials> {
    if (current === null || (renewAtMs !== 0 && Date.now() >= renewAtMs)) {
      renewAtMs = 0;
      current = assume().catch((error: unknown) => {
        current = null;
        throw error;
      });
    }
    return current;
  };
}
