import { X509Certificate } from "node:crypto";
import type { CertificateFacts, LabelSelectorFacts, WebhookFacts } from "../../core/evidence.ts";
import { lastWrite } from "./managed-fields.ts";
import type { Webhook, WebhookConfiguration } from "./schemas.ts";

/** The object that EKS and the self-hosted installation both create. */
export const configurationName = "pod-identity-webhook";

/** The entry's name on EKS. */
const entryName = "iam-for-pods.amazonaws.com";

export interface IdentityWebhook {
  readonly configuration: WebhookConfiguration;
  readonly entry: Webhook;
}

/**
 * The webhook that injects AWS identity into pods, by the object's name or by the entry's.
 * https://github.com/aws/amazon-eks-pod-identity-webhook
 */
export function findIdentityWebhook(configurations: readonly WebhookConfiguration[]): IdentityWebhook | null {
  const named = configurations.find(({ metadata }) => metadata.name === configurationName);
  for (const configuration of named === undefined ? configurations : [named, ...configurations]) {
    const entry = configuration.webhooks.find(({ name }) => name === entryName);
    if (entry !== undefined) return { configuration, entry };
  }
  const first = named?.webhooks[0];
  return named === undefined || first === undefined ? null : { configuration: named, entry: first };
}

export function webhookFacts(
  { configuration, entry }: IdentityWebhook,
  namespaceLabels: Readonly<Record<string, string>>,
): WebhookFacts {
  const { url, service, caBundle } = entry.clientConfig;
  const caBundlePath = [
    "f:webhooks",
    `k:${JSON.stringify({ name: entry.name })}`,
    "f:clientConfig",
    "f:caBundle",
  ];
  return {
    configuration: configuration.metadata.name,
    entry: entry.name,
    createdAt: configuration.metadata.creationTimestamp,
    clientConfig: {
      url,
      service:
        service == null ? null : `${service.namespace ?? ""}/${service.name ?? ""}${service.path ?? ""}`,
    },
    caBundle: caBundleFacts(caBundle),
    caBundleChanged: lastWrite(configuration.metadata.managedFields, caBundlePath),
    failurePolicy: entry.failurePolicy ?? "Fail",
    namespaceSelector: entry.namespaceSelector ?? everything,
    objectSelector: entry.objectSelector ?? everything,
    namespaceLabels,
  };
}

const everything: LabelSelectorFacts = { matchLabels: {}, matchExpressions: [] };

/**
 * Parses `clientConfig.caBundle` (base64 of PEM) as the API server does: blocks that hold no certificate are passed
 * over. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function caBundleFacts(caBundle: string | null): WebhookFacts["caBundle"] {
  if (caBundle === null || caBundle.trim() === "") return { status: "empty" };
  const pem = Buffer.from(caBundle, "base64").toString("latin1");
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.flatMap(certificateFacts);
  return certificates.length === 0 ? { status: "unreadable" } : { status: "certificates", certificates };
}

function certificateFacts(pem: string): readonly CertificateFacts[] {
  try {
    const certificate = new X509Certificate(pem);
    return [
      {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        notBefore: new Date(certificate.validFrom).toISOString(),
        notAfter: new Date(certificate.validTo).toISOString(),
        sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      },
    ];
  } catch {
    return [];
  }
}

function oneLine(distinguishedName: string | undefined): string {
  return (distinguishedName ?? "").split("\n").join(", ");
}
