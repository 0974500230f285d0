import { createHash } from "node:crypto";

const lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
const upperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Ids in AWS's shapes. The same account built in the same order gets the same ids, so that runs can be compared. */
export interface Ids {
  uuid(): string;
  /** `a-` and 17 characters. */
  associationId(): string;
  /** `AROA…` for roles, `ANPA…` for managed policies: prefix and 17 characters. */
  iamId(prefix: string): string;
  accessKeyId(): string;
  secretAccessKey(): string;
  sessionToken(): string;
  /** As the service itself writes it: DynamoDB and S3 have their own shapes, the others a UUID. */
  requestId(service: string): string;
}

export function createIds(seed: string): Ids {
  let counter = 0;

  function digest(): Buffer {
    counter += 1;
    return createHash("sha512").update(`${seed}:${counter}`).digest();
  }

  function pick(alphabet: string, length: number): string {
    let text = "";
    while (text.length < length) for (const byte of digest()) text += alphabet.charAt(byte % alphabet.length);
    return text.slice(0, length);
  }

  function uuid(): string {
    const hex = digest().toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  return {
    uuid,
    associationId: () => `a-${pick(lowerAlphanumeric, 17)}`,
    iamId: (prefix) => `${prefix}${pick(upperAlphanumeric, 17)}`,
    accessKeyId: () => `ASIA${pick(upperAlphanumeric, 16)}`,
    secretAccessKey: () => pick(lowerAlphanumeric, 40),
    sessionToken: () => pick(upperAlphanumeric + lowerAlphanumeric, 200),
    requestId(service) {
      if (service === "dynamodb") return pick(upperAlphanumeric, 52);
      if (service === "s3") return pick(upperAlphanumeric, 16);
      return uuid();
    },
  };
}
