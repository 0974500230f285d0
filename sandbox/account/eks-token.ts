import type { ServedAccount } from "./create-account.ts";
import type { Principal } from "./principals.ts";
import type { WireRequest } from "./wire/service.ts";
import { credentialOf, isSignedWith } from "./wire/signature.ts";

/** The server allows this much between signing and use. */
const maxAgeMs = 15 * 60_000;

/** The server refuses every other. */
const knownParameters = new Set([
  "Action",
  "Version",
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Security-Token",
  "X-Amz-SignedHeaders",
  "X-Amz-Signature",
]);

/**
 * Whose token for the Kubernetes API this is, as aws-iam-authenticator finds out: by the presigned STS address in it,
 * which must name the cluster in a signed header. Null: nobody's.
 * https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export function principalOfEksToken(
  account: ServedAccount,
  cluster: string,
  token: string,
): Principal | null {
  const encoded = /^k8s-aws-v1\.([A-Za-z0-9_-]+)$/.exec(token)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64url").toString("utf8");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== "https:" || url.host !== `sts.${account.region}.amazonaws.com`)
    return null;
  if ([...url.searchParams.keys()].some((name) => !knownParameters.has(name))) return null;
  const parameter = (name: string) => url.searchParams.get(name) ?? "";
  const credential = credentialOf(
    `${parameter("X-Amz-Algorithm")} Credential=${parameter("X-Amz-Credential")}, SignedHeaders=${parameter("X-Amz-SignedHeaders")}, Signature=${parameter("X-Amz-Signature")}`,
  );
  const known = credential === null ? undefined : account.credentials(credential.accessKeyId);
  if (credential === null || known === undefined || known.expired) return null;
  const date = parameter("X-Amz-Date");
  const signedAt = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  const fresh = Math.abs(account.now().getTime() - signedAt) <= maxAgeMs;
  const expires = Number(parameter("X-Amz-Expires"));
  if (!fresh || !(expires > 0 && expires <= maxAgeMs / 1_000)) return null;
  if (parameter("Action") !== "GetCallerIdentity" || !credential.signedHeaders.includes("x-k8s-aws-id"))
    return null;
  if ((url.searchParams.get("X-Amz-Security-Token") ?? null) !== known.sessionToken) return null;
  const unsigned = new URL(url);
  unsigned.searchParams.delete("X-Amz-Signature");
  const request: WireRequest = {
    method: "GET",
    url: unsigned,
    headers: { host: url.host, "x-k8s-aws-id": cluster, "x-amz-date": date },
    body: "",
    region: credential.region,
  };
  return isSignedWith(known.secretAccessKey, credential, request) ? known.principal : null;
}
