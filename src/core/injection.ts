import type {
  CertificateFacts,
  Evidence,
  LabelSelectorFacts,
  NodeFacts,
  Observation,
  PodFacts,
  WebhookFacts,
} from "./evidence.ts";

/** Why no pod can be injected at all, as far as the webhook's configuration shows it by itself. */
export type WebhookFault =
  | { readonly fault: "missing" }
  | { readonly fault: "empty" | "unreadable" }
  | { readonly fault: "expired"; readonly certificate: CertificateFacts };

/**
 * What is certainly wrong with the webhook's configuration. Null: nothing, or it could not be seen. A bundle of
 * valid certificates may still be the wrong one: only pods can show that.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function webhookFault(webhook: Observation<WebhookFacts>): WebhookFault | null {
  if (webhook.status === "unavailable") return null;
  if (webhook.status === "absent") return { fault: "missing" };
  const { caBundle } = webhook.value;
  if (caBundle.status !== "certificates") return { fault: caBundle.status };
  const expired = caBundle.certificates.filter(({ notAfter }) => isBefore(notAfter, webhook.at));
  const [first] = expired;
  return first !== undefined && expired.length === caBundle.certificates.length
    ? { fault: "expired", certificate: first }
    : null;
}

/**
 * Can no pod get an identity now, as far as the webhook and what stands behind its Service show? Then the age of a pod
 * does not matter, and replacing it does not help.
 */
export function injectsNothing(evidence: Pick<Evidence, "k8s.webhook" | "k8s.webhook-endpoints">): boolean {
  const webhook = evidence["k8s.webhook"];
  const endpoints = evidence["k8s.webhook-endpoints"];
  if (webhook !== undefined && webhookFault(webhook) !== null) return true;
  return endpoints?.status === "found" && endpoints.value.ready === 0;
}

/** When somebody wrote the caBundle after the webhook had been set up; null: nobody did, or it is not recorded. */
export function bundleReplacedAt({ caBundleChanged, createdAt }: WebhookFacts): string | null {
  if (caBundleChanged === null) return null;
  const setUpSeconds = 30;
  return Date.parse(caBundleChanged.at) < Date.parse(createdAt) + setUpSeconds * 1000
    ? null
    : caBundleChanged.at;
}

/** What keeps a pod away from the webhook; null: both selectors take it. */
export function exclusionOf(
  webhook: WebhookFacts,
  pod: PodFacts,
): { readonly selector: "namespace" | "object"; readonly requirement: string } | null {
  const namespace = unmetRequirement(webhook.namespaceSelector, webhook.namespaceLabels);
  if (namespace !== null) return { selector: "namespace", requirement: namespace };
  const object = unmetRequirement(webhook.objectSelector, pod.labels);
  return object === null ? null : { selector: "object", requirement: object };
}

/** The pods that the webhook is called for, as far as its selectors could be seen. */
export function takenByWebhook<P extends { readonly pod: PodFacts }>(
  places: readonly P[],
  webhook: Observation<WebhookFacts>,
): readonly P[] {
  if (webhook.status !== "found") return places;
  return places.filter(({ pod }) => exclusionOf(webhook.value, pod) === null);
}

/** A certificate in a few words: subject, issuer and last day. */
export function describeCertificate({ subject, issuer, notAfter }: CertificateFacts): string {
  const by = issuer === subject ? "self-signed" : `issued by ${issuer}`;
  return `${subject} (${by}, valid until ${notAfter})`;
}

/**
 * The label that meets a requirement as `unmetRequirement` writes it; a null value: to be taken out. Null: the text is no
 * such requirement.
 */
export function labelFor(
  requirement: string,
): { readonly key: string; readonly value: string | null } | null {
  const equals = requirement.indexOf("=");
  if (equals > 0) return { key: requirement.slice(0, equals), value: requirement.slice(equals + 1) };
  const [key = "", operator = "", first = ""] = requirement.split(" ");
  switch (operator) {
    case "In":
      return { key, value: first.replace(/[(),]/g, "") };
    case "Exists":
      return { key, value: "" };
    case "NotIn":
    case "DoesNotExist":
      return { key, value: null };
    default:
      return null;
  }
}

/**
 * The first requirement of a label selector that labels do not meet, as kubectl would write it; null: all are met.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
 */
export function unmetRequirement(
  selector: LabelSelectorFacts,
  labels: Readonly<Record<string, string>>,
): string | null {
  for (const [key, value] of Object.entries(selector.matchLabels)) {
    if (labels[key] !== value) return `${key}=${value}`;
  }
  for (const { key, operator, values } of selector.matchExpressions) {
    const label = labels[key];
    if (!meets(operator, label, values)) {
      return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(", ")})`;
    }
  }
  return null;
}

function meets(operator: string, label: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
    default:
      // An operator that Kubernetes adds one day must not accuse anybody.
      return true;
  }
}

function isBefore(time: string, other: string): boolean {
  return Date.parse(time) < Date.parse(other);
}

/**
 * Does Pod Identity on this node need a pod of the agent's DaemonSet? Auto Mode nodes have the agent built in, Fargate
 * and Windows nodes cannot use Pod Identity at all, and hybrid nodes have DaemonSets of their own:
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 */
export function needsAgent({ compute, os }: NodeFacts): boolean {
  return compute === "ec2" && os !== "windows";
}

/** Can Pod Identity never work on this node? */
export function cannotUsePodIdentity({ compute, os }: NodeFacts): boolean {
  return compute === "fargate" || os === "windows";
}
