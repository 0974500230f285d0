import type { AwsError, AwsErrorKind } from "./aws-error.ts";
import { bareDenials, namedAction, namedResource } from "./bare-denials.ts";
import { timesIn } from "./count.ts";
import { providerList, refusesAgent, unexplained } from "./no-credentials.ts";
import { foreign, foreignMetadata, harmless } from "./not-iam.ts";
import { anchors } from "./prefilter.ts";
import { principalKindOf } from "./principal.ts";
import { sdkOfText } from "./sdk.ts";
import { spelledDenials, webIdentityAction } from "./sentence.ts";
import { type Symptom, symptoms } from "./symptoms.ts";

export interface RecognisedError extends AwsError {
  /** How often it stands in the text. */
  readonly count: number;
}

const interesting = new RegExp(anchors.map((anchor) => anchor.replace(/[.()[\]|]/g, "\\$&")).join("|"), "i");

/** A cheap look that lets most lines of a log pass by. */
export function mayMatter(line: string): boolean {
  return interesting.test(line);
}

type Raw = Omit<RecognisedError, "sdk" | "principalKind">;

function raw(kind: AwsErrorKind, parts: Partial<Raw> = {}): Raw {
  return {
    kind,
    principalArn: null,
    action: null,
    missingAction: null,
    resource: null,
    denyLayer: null,
    policyArn: null,
    requestId: null,
    count: 1,
    ...parts,
  };
}

/** The errors that a text on one line tells, each as often as it is told. */
export function errorsIn(record: string): readonly RecognisedError[] {
  const errors = [...spelled(record), ...told(record)];
  if (errors.length === 0) return [];
  const sdk = sdkOfText(record);
  return errors.map((error) => ({ ...error, sdk, principalKind: kindOfPrincipal(error, record) }));
}

/** Only IRSA presents a web identity, whoever the text names. */
function kindOfPrincipal({ action, kind, principalArn }: Raw, record: string): AwsError["principalKind"] {
  const webIdentity = action === webIdentityAction || webIdentityError.test(record);
  if (webIdentity && kind !== "access-denied") return "irsa-role";
  return principalKindOf(principalArn);
}

const webIdentityError = /\bWebIdentityErr(?:or)?:/;

function spelled(record: string): readonly Raw[] {
  return spelledDenials(record).map(({ rest, ...denial }) =>
    raw(denial.kind, { ...denial, requestId: requestIdOf(rest) }),
  );
}

function told(record: string): readonly Raw[] {
  if (harmless.test(record)) return [];
  const requestId = requestIdOf(record);
  const isSpelled = record.includes("not authorized to perform:");
  const found = symptoms.flatMap((symptom) => {
    if (isSuppressed(symptom.kind, record, isSpelled)) return [];
    const count = countOf(symptom, record);
    return count === 0
      ? []
      : [raw(symptom.kind, { action: askedBy(symptom.kind, record), requestId, count })];
  });
  const encoded = encodedMessage.exec(record)?.[1];
  if (encoded !== undefined) {
    const count = timesIn(record, encodedMessages);
    const action = /\bAPI: ([a-z0-9-]{2,40}:\w{1,80}) You are not/.exec(record)?.[1] ?? null;
    return [...found, raw("encoded-denial", { encodedMessage: encoded, requestId, count, action })];
  }
  if (isSpelled || found.length > 0) return found;
  const denials = foreign.test(record) ? [] : bare(record, requestId);
  if (denials.length > 0) return denials;
  const count = countOf(unexplained, record);
  return count === 0 ? [] : [raw(unexplained.kind, { requestId, count })];
}

const encodedMessage = /Encoded authorization failure message: ?([A-Za-z0-9_.*<-]{4,4000})/;
const encodedMessages = /Encoded authorization failure message: ?[A-Za-z0-9_.*<-]{4}/g;

function isSuppressed(kind: AwsErrorKind, record: string, isSpelled: boolean): boolean {
  switch (kind) {
    case "pod-identity-agent-error":
      return refusesAgent.test(record);
    case "assume-role-web-identity-denied":
      return isSpelled;
    case "imds-unreachable":
      return foreignMetadata.test(record) || providerList.test(record);
    default:
      return false;
  }
}

/** A text that shows two signs of one kind tells of one error. */
function countOf({ patterns }: Symptom, record: string): number {
  return patterns.reduce((most, pattern) => Math.max(most, timesIn(record, pattern)), 0);
}

function bare(record: string, requestId: string | null): readonly Raw[] {
  const named = namedAction.exec(record);
  const action = named?.[1] ?? named?.[2] ?? named?.[3];
  if (action !== undefined) return [raw("access-denied", { action, requestId })];
  const count = bareDenials.reduce((most, pattern) => Math.max(most, timesIn(record, pattern)), 0);
  if (count === 0) return [];
  const resource = namedResource.exec(record);
  return [raw("access-denied", { resource: resource?.[1] ?? resource?.[2] ?? null, requestId, count })];
}

/** STS and EKS Auth name no action when they refuse; the SDK around them names the operation. */
function askedBy(kind: AwsErrorKind, record: string): string | null {
  switch (kind) {
    case "assume-role-web-identity-denied":
      return webIdentityAction;
    case "invalid-identity-token":
      return /WebIdentity/.test(record) ? webIdentityAction : null;
    case "expired-token":
    case "throttled":
    case "region-missing":
      return webIdentityOperation.test(record) ? webIdentityAction : null;
    case "pod-identity-agent-error":
      return /AssumeRoleForPodIdentity/.test(record) ? "eks-auth:AssumeRoleForPodIdentity" : null;
    default:
      return null;
  }
}

const webIdentityOperation = /(?:operation error STS: |calling the )AssumeRoleWithWebIdentity\b/;

const requestId =
  /request ?id: ?"?([A-Za-z0-9-]{8,80})|RequestID: ?"?([A-Za-z0-9-]{8,80})|\[([0-9a-f]{8}-[0-9a-f-]{27})\]: \(/i;

function requestIdOf(text: string): string | null {
  const match = requestId.exec(text);
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? null;
}

const requestIds = new RegExp(requestId, "gi");

/** How many requests a text names. */
export function requestIdsIn(text: string): number {
  return new Set([...text.matchAll(requestIds)].map((match) => match[1] ?? match[2] ?? match[3])).size;
}
