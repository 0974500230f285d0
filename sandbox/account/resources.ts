import { parseArn } from "../../src/core/iam/arn.ts";
import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions } from "./account.ts";

/** A resource with a policy of its own: a bucket, key, secret, queue or topic. */
export interface Resource {
  readonly arn: string;
  readonly ownerAccountId: string;
  readonly region: string;
  /** Null: it has none. */
  readonly policy: JsonValue | null;
  /** The KMS key that encrypts what it holds; null: one of AWS's own, which lets everybody of the account in. */
  readonly keyArn: string | null;
}

export interface NewResource {
  /** Of a bucket without an object: `arn:aws:s3:::assets`. */
  readonly arn: string;
  /** For buckets, whose ARN does not tell; by default the ARN's account, else this one. */
  readonly ownerAccountId?: string;
  /** Likewise; by default this account's. */
  readonly region?: string;
  /** A key without a policy gets the one that KMS gives it, which hands the decision to IAM. */
  readonly policy?: JsonValue;
  readonly keyArn?: string;
}

export interface ResourceState {
  /** Adds a resource, or replaces it. Calls on it, and on what is in it, are judged by its policy too. */
  addResource(resource: NewResource): Resource;
  /** Null takes the policy away. @throws for a resource that is not there. */
  setResourcePolicy(arn: string, policy: JsonValue | null): void;
  /** `alias/carts` */
  addKmsAlias(alias: string, keyArn: string): void;
  /** The resource with this ARN, or the bucket of this object. */
  resource(arn: string): Resource | undefined;
  /** A key by its ARN, its id, or the name or ARN of an alias. */
  kmsKey(idOrAlias: string): Resource | undefined;
  /** What becomes of policies that name a role which is deleted: its id stands where its ARN stood. */
  forgetRole(roleArn: string, roleId: string): void;
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
function defaultKeyPolicy(accountId: string): JsonValue {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  };
}

/** The resources of one account that carry policies, and those of others that its principals call. */
export function createResources(options: AccountOptions): ResourceState {
  const { accountId } = options;
  const resources = new Map<string, Resource>();
  const aliases = new Map<string, string>();

  return {
    addResource({ arn, ownerAccountId, region, policy, keyArn }) {
      const parsed = parseArn(arn);
      if (parsed === null) throw new Error(`${arn} is not an ARN.`);
      const owner = ownerAccountId ?? (parsed.accountId === "" ? accountId : parsed.accountId);
      const resource: Resource = {
        arn,
        ownerAccountId: owner,
        region: region ?? (parsed.region === "" ? options.region : parsed.region),
        policy: policy ?? (parsed.service === "kms" ? defaultKeyPolicy(owner) : null),
        keyArn: keyArn ?? null,
      };
      resources.set(arn, resource);
      return resource;
    },
    setResourcePolicy(arn, policy) {
      const resource = resources.get(arn);
      if (resource === undefined)
        throw new Error(`There is no resource ${arn}: add it with addResource first.`);
      resources.set(arn, { ...resource, policy });
    },
    addKmsAlias(alias, keyArn) {
      if (!resources.has(keyArn))
        throw new Error(`There is no key ${keyArn}: add it with addResource first.`);
      aliases.set(alias, keyArn);
    },
    resource(arn) {
      const bucket = /^(arn:[^:]+:s3:::[^/]+)/.exec(arn)?.[1];
      return resources.get(bucket ?? arn);
    },
    kmsKey(idOrAlias) {
      const name = idOrAlias.startsWith("arn:") ? (parseArn(idOrAlias)?.resource ?? "") : idOrAlias;
      const aliased = aliases.get(name);
      if (aliased !== undefined) return resources.get(aliased);
      return [...resources.values()].find(
        ({ arn }) => arn.includes(":kms:") && (arn === idOrAlias || arn.endsWith(`:key/${idOrAlias}`)),
      );
    },
    forgetRole(roleArn, roleId) {
      for (const [arn, resource] of resources) {
        const policy = JSON.parse(
          JSON.stringify(resource.policy).replaceAll(JSON.stringify(roleArn), JSON.stringify(roleId)),
        ) as JsonValue;
        resources.set(arn, { ...resource, policy });
      }
    },
  };
}
