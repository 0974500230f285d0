import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import type { STSClient } from "@aws-sdk/client-sts";
import { z } from "zod";
import type { Unavailable } from "../../core/evidence.ts";
import type { AwsClients } from "./clients.ts";
import { CallFailure, call } from "./outcome.ts";

/** Where the cluster's Kubernetes API is, and how it is entered. */
export interface EksAccess {
  endpoint(
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly server: string; readonly caData: string }
    | { readonly ok: false; readonly unavailable: Unavailable }
  >;
  /** A bearer token for the Kubernetes API, good for at least some minutes. */
  token(): Promise<string>;
}

/** The API server takes a token for 15 minutes from its signing. */
const renewAfterMs = 10 * 60_000;

const clusterSchema = z.object({
  cluster: z.object({ endpoint: z.url(), certificateAuthority: z.object({ data: z.string() }) }),
});

/**
 * Access to a cluster without a kubeconfig: address and CA from `eks:DescribeCluster`, tokens as
 * `aws eks get-token` makes them: a presigned STS GetCallerIdentity that names the cluster.
 * https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
 * https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export function createEksAccess({ eks, sts, region }: AwsClients, cluster: string): EksAccess {
  let current: { readonly token: Promise<string>; readonly renewAtMs: number } | null = null;
  return {
    async endpoint(signal) {
      const send = () => eks.send(new DescribeClusterCommand({ name: cluster }), { abortSignal: signal });
      try {
        const described = await call("eks:DescribeCluster", send, clusterSchema, signal);
        if (described !== null) {
          const { endpoint, certificateAuthority } = described.cluster;
          return { ok: true, server: endpoint, caData: certificateAuthority.data };
        }
        return {
          ok: false,
          unavailable: {
            status: "unavailable",
            reason: "error",
            detail: `there is no cluster ${cluster} in ${region}`,
            source: "eks:DescribeCluster",
          },
        };
      } catch (error) {
        if (error instanceof CallFailure) return { ok: false, unavailable: error.unavailable };
        throw error;
      }
    },
    token() {
      if (current === null || Date.now() >= current.renewAtMs) {
        const token = eksToken(sts, region, cluster);
        current = { token, renewAtMs: Date.now() + renewAfterMs };
        token.catch(() => {
          current = null;
        });
      }
      return current.token;
    },
  };
}

/** What the SDK's own signer can do beside signing a request's headers. */
interface Presigner {
  presign(
    request: {
      readonly method: string;
      readonly protocol: string;
      readonly hostname: string;
      readonly path: string;
      readonly query: Readonly<Record<string, string>>;
      readonly headers: Readonly<Record<string, string>>;
    },
    options: {
      readonly expiresIn: number;
      readonly signingRegion: string;
      readonly signingService: string;
    },
  ): Promise<{ readonly query?: Readonly<Record<string, unknown>> }>;
}

/** `k8s-aws-v1.` and the presigned address, as URL-safe base64 without padding. */
async function eksToken(sts: STSClient, region: string, cluster: string): Promise<string> {
  const { url } = sts.config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false });
  const signer = (await sts.config.signer()) as object as Presigner;
  const signed = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname: url.hostname,
      path: "/",
      query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
      headers: { host: url.hostname, "x-k8s-aws-id": cluster },
    },
    { expiresIn: 60, signingRegion: region, signingService: "sts" },
  );
  const address = new URL(`https://${url.hostname}/`);
  for (const [name, value] of Object.entries(signed.query ?? {})) {
    address.searchParams.set(name, String(value));
  }
  return `k8s-aws-v1.${Buffer.from(address.href).toString("base64url")}`;
}
