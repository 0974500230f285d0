import { type AwsError, type AwsErrorKind, awsErrorKinds } from "./aws-error.ts";
import { normalise } from "./normalise.ts";
import { anchors } from "./prefilter.ts";
import { principalKindOf } from "./principal.ts";
import { sdkOfText } from "./sdk.ts";
import { spelledDenials, webIdentityAction } from "./sentence.ts";
import { bareDenials, foreign, harmless, refusesAgent, symptoms } from "./symptoms.ts";

export interface RecognisedError extends AwsError {
  /** How often it stands in the text. */
  readonly count: number;
}

/**
 * Finds AWS credential and authorization errors in one record of a log, most telling first. The grammar is that of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and of the SDKs' own messages.
 * Empty: the text shows no such error.
 */
export function recognise(text: string): readonly RecognisedError[] {
  const plain = normalise(text);
  if (!mayMatter(plain)) return [];
  const found = new Map<string, RecognisedError>();
  const sdk = sdkOfText(plain);
  for (const { count, ...error } of [...spelled(plain), ...told(plain)]) {
    const complete = { ...error, sdk, principalKind: kindOfPrincipal(error, plain) };
    const key = JSON.stringify({ ...complete, requestId: null });
    const before = found.get(key);
    found.set(key, {
      ...complete,
      requestId: before?.requestId ?? error.requestId,
      count: (before?.count ?? 0) + count,
    });
  }
  return [...found.values()].sort((a, b) => awsErrorKinds.indexOf(a.kind) - awsErrorKinds.indexOf(b.kind));
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

/** Only IRSA presents a web identity, whoever the text names. */
function kindOfPrincipal(
  { action, kind, principalArn }: Omit<Raw, "count">,
  plain: string,
): AwsError["principalKind"] {
  const webIdentity = action === webIdentityAction || /WebIdentityErr/.test(plain);
  if (webIdentity && kind !== "access-denied") return "irsa-role";
  return principalKindOf(principalArn);
}

function spelled(text: string): readonly Raw[] {
  return spelledDenials(text).map(({ rest, ...denial }) =>
    raw(denial.kind, { ...denial, requestId: requestIdOf(rest) }),
  );
}

function told(text: string): readonly Raw[] {
  if (harmless.test(text)) return [];
  const requestId = requestIdOf(text);
  const isSpelled = text.includes("is not authorized to perform");
  const found = symptoms.flatMap(({ kind, patterns }) => {
    // An SDK that refuses the agent's address has never asked the agent.
    if (kind === "pod-identity-agent-error" && refusesAgent.test(text)) return [];
    if (kind === "assume-role-web-identity-denied" && isSpelled) return [];
    const count = Math.max(...patterns.map((pattern) => text.match(pattern)?.length ?? 0));
    return count === 0 ? [] : [raw(kind, { action: askedBy(kind, text), requestId, count })];
  });
  const encoded = /Encoded authorization failure message: ?([A-Za-z0-9_.*<-]{4,4000})/.exec(text)?.[1];
  if (encoded !== undefined) return [...found, raw("encoded-denial", { encodedMessage: encoded, requestId })];
  if (isSpelled || found.length > 0 || foreign.test(text)) return found;
  // STS says no more than this of a role that may not be assumed.
  const refused = text.match(/not authorized to perform:? ?(sts:\w{1,60})/i)?.[1];
  if (refused !== undefined) return [raw("access-denied", { action: refused, requestId })];
  const count = Math.max(...bareDenials.map((pattern) => text.match(pattern)?.length ?? 0));
  return count === 0 ? [] : [raw("access-denied", { requestId, count })];
}

/** STS and EKS Auth name no action when they refuse; the SDK around them names the operation. */
function askedBy(kind: AwsErrorKind, text: string): string | null {
  switch (kind) {
    case "assume-role-web-identity-denied":
      return webIdentityAction;
    case "invalid-identity-token":
      return /WebIdentity/.test(text) ? webIdentityAction : null;
    case "pod-identity-agent-error":
      return /AssumeRoleForPodIdentity/.test(text) ? "eks-auth:AssumeRoleForPodIdentity" : null;
    default:
      return null;
  }
}

function requestIdOf(text: string): string | null {
  const match =
    /request ?id: ?"?([A-Za-z0-9-]{8,80})|RequestID: ?"?([A-Za-z0-9-]{8,80})|\[([0-9a-f]{8}-[0-9a-f-]{27})\]: \(/i.exec(
      text,
    );
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? null;
}
