import type { ContainerSpec, Evidence, LogErrorGroup, PodFacts, TrailEvent } from "../evidence.ts";
import type { TrailSession } from "../facts/trail.ts";
import { roleOfSession } from "../iam/arn.ts";
import { askedContainers, known } from "../identity.ts";
import { isSessionOfPod } from "../trail/caller.ts";
import { type Sdk, sdksOfSignature } from "./sdk.ts";
import { type SdkVersion, sdkOfUserAgent } from "./user-agent.ts";

/** What is known about the SDK of a container, and what tells it. */
export interface SdkEvidence {
  /** Empty: nothing tells it. More than one: what tells it leaves these open. */
  readonly candidates: readonly Sdk[];
  readonly version: string | null;
  readonly from: string;
}

/**
 * SDK and version of a container: by the user agent of a call that the container's own log names, else by the
 * signature of its log, the user agents of its pod's calls, the session names that SDKs choose, and the CLI's image.
 */
export function sdkOf(evidence: Evidence, pod: PodFacts, container: ContainerSpec): SdkEvidence {
  const errors = (known(evidence["logs.errors"])?.errors ?? []).filter(
    ({ pods, containers }) => pods.includes(pod.name) && containers.includes(container.name),
  );
  const events = known(evidence["cloudtrail.events"])?.events ?? [];

  const same = userAgents(events.filter(({ requestId }) => isRequestOf(requestId, errors)));
  const [call] = same;
  if (call !== undefined) return told(call, "the user agent of a call that its log names");

  const calls = userAgents([
    ...events.filter((event) => isCallOf(event, pod, evidence)),
    ...sessionsOf(pod, evidence),
  ]);
  const logged = [...new Set(errors.flatMap(({ sdk }) => sdksOfSignature(sdk)))];
  if (logged.length > 0) {
    const version = calls.find(({ sdk }) => isSameFamily(sdk, logged));
    return version === undefined
      ? { candidates: logged, version: null, from: "the form of its log's errors" }
      : told(version, "the form of its log's errors and the user agent of the pod's calls");
  }
  // The calls are the pod's: whose of its containers they are is clear only where there is one.
  const [only] = calls;
  if (only !== undefined && askedContainers(pod, null).length === 1) {
    return told(only, "the user agent of the pod's calls");
  }
  const sessions = [
    ...new Set(errors.flatMap(({ principalArn }) => sdksOfSession(sessionName(principalArn)))),
  ];
  if (sessions.length > 0) {
    return { candidates: sessions, version: null, from: "the session name of a denied call" };
  }
  const version = cliImage.exec(container.image)?.[1];
  if (version !== undefined) return told({ sdk: "aws-cli", version }, "the image's name and tag");
  if (goPrograms.has(programOf(container.image))) {
    return { candidates: ["go1", "go2"], version: null, from: "the image, whose program is written in Go" };
  }
  return { candidates: [], version: null, from: "nothing shows which SDK it uses" };
}

/**
 * Programs that are known to be written in Go, by the end of their image's name. What they are built with is one of the
 * two SDKs for Go.
 */
const goPrograms: ReadonlySet<string> = new Set([
  "argocd",
  "aws-ebs-csi-driver",
  "aws-efs-csi-driver",
  "aws-load-balancer-controller",
  "cert-manager-controller",
  "cluster-autoscaler",
  "external-dns",
  "external-secrets",
  "keda",
  "loki",
  "source-controller",
  "terraform",
  "velero",
]);

/** The last part of an image's name, without its registry, tag and digest. */
function programOf(image: string): string {
  const [untagged = ""] = image.slice(image.lastIndexOf("/") + 1).split(/[:@]/);
  return untagged;
}

/** AWS's own images of the CLI are tagged with its version. */
const cliImage = /(?:^|\/)(?:amazon|aws-cli)\/aws-cli:(\d{1,4}(?:\.\d{1,4}){1,2})$/;

function told({ sdk, version }: SdkVersion, from: string): SdkEvidence {
  return { candidates: [sdk], version, from };
}

function userAgents(calls: readonly Pick<TrailEvent, "userAgent">[]): readonly SdkVersion[] {
  return calls.flatMap(({ userAgent }) => {
    const sdk = userAgent === null ? null : sdkOfUserAgent(userAgent);
    return sdk === null ? [] : [sdk];
  });
}

/** The agent's calls carry the request ids that it hands to the application, but its own user agent. */
function isRequestOf(requestId: string | null, errors: readonly LogErrorGroup[]): boolean {
  return (
    requestId !== null &&
    errors.some((error) => error.requestId === requestId && error.kind !== "pod-identity-agent-error")
  );
}

/** The web identity of its service account, or a Pod Identity session that names the pod. */
function isCallOf(event: TrailEvent, pod: PodFacts, evidence: Evidence): boolean {
  if (event.eventName === "AssumeRoleWithWebIdentity") return isSubjectOf(event.userName, pod, evidence);
  const cluster = known(evidence["eks.cluster"])?.name;
  return cluster !== undefined && isSessionOfPod(sessionName(event.principalArn), cluster, pod.name);
}

/** The SDK itself assumes the role of a web identity, also where nothing fails; for Pod Identity, EKS does. */
function sessionsOf(pod: PodFacts, evidence: Evidence): readonly TrailSession[] {
  const sessions = known(evidence["cloudtrail.events"])?.sessions ?? [];
  return sessions.filter(({ subject }) => isSubjectOf(subject, pod, evidence));
}

/** Is it the pod's ServiceAccount, and no other workload's too? */
function isSubjectOf(subject: string | null, pod: PodFacts, evidence: Evidence): boolean {
  const namespace = known(evidence["k8s.workload"])?.namespace;
  return (
    subject === `system:serviceaccount:${namespace}:${pod.serviceAccountName}` &&
    known(evidence["k8s.sharing"])?.workloads.length === 0
  );
}

function sessionName(principalArn: string | null): string {
  return principalArn === null ? "" : (roleOfSession(principalArn)?.sessionName ?? "");
}

/** The names that SDKs give a session when nothing else is configured. */
const sessionNames: readonly (readonly [RegExp, readonly Sdk[]])[] = [
  [/^aws-sdk-java-\d+$/, ["java1", "java2"]],
  [/^botocore-session-\d+$/, ["botocore"]],
  [/^aws-sdk-js-session-\d+$/, ["js3"]],
  [/^token-file-web-identity$/, ["js2"]],
  [/^\d{15,20}$/, ["go1", "go2"]],
  [/^aws-go-sdk-\d+$/, ["go1", "go2"]],
  [/^aws-sdk-php-\d+$/, ["php"]],
  [/^aws-sdk-kotlin-\d+$/, ["kotlin"]],
  [/^web-identity-token(?:-profile)?-\d+$/, ["rust"]],
];

function sdksOfSession(name: string): readonly Sdk[] {
  return sessionNames.find(([pattern]) => pattern.test(name))?.[1] ?? [];
}

const python: readonly Sdk[] = ["boto3", "botocore", "aws-cli"];

/** boto3 and the CLI write botocore's errors. */
function isSameFamily(sdk: Sdk, candidates: readonly Sdk[]): boolean {
  return (
    candidates.includes(sdk) || (python.includes(sdk) && candidates.some((other) => python.includes(other)))
  );
}
