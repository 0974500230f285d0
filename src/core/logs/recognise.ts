import { type AwsError, type AwsErrorKind, awsErrorKinds, type DenyLayer } from "./aws-error.ts";
import { normalise } from "./normalise.ts";
import { principalKindOf } from "./principal.ts";

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
  if (!mayMatter(text)) return [];
  const plain = normalise(text);
  const found = new Map<string, RecognisedError>();
  const sdk = sdkOf(plain);
  for (const error of [...denials(plain), ...otherErrors(plain)]) {
    const complete = { ...error, sdk, principalKind: kindOfPrincipal(error) };
    const key = JSON.stringify({ ...complete, requestId: null });
    const before = found.get(key);
    found.set(key, {
      ...complete,
      requestId: before?.requestId ?? error.requestId,
      count: (before?.count ?? 0) + 1,
    });
  }
  return [...found.values()].sort((a, b) => awsErrorKinds.indexOf(a.kind) - awsErrorKinds.indexOf(b.kind));
}

const interesting =
  /denied|not authorized|unauthori[sz]ed|credential|expired|invalid|signature|identity|token|throttl|rate exceeded|region|169\.254\.|metadata|forbidden/i;

/** A cheap look that lets most lines of a log pass by. */
export function mayMatter(line: string): boolean {
  return interesting.test(line);
}

const webIdentityAction = "sts:AssumeRoleWithWebIdentity";

/** Only IRSA presents a web identity, whoever the text names. */
function kindOfPrincipal(error: Raw): AwsError["principalKind"] {
  return error.action === webIdentityAction ? "irsa-role" : principalKindOf(error.principalArn);
}

type Raw = Omit<AwsError, "sdk" | "principalKind">;

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
    ...parts,
  };
}

const sentence =
  /(?:User: ?(\S{1,600}(?: name>>?| id>)?) )?is not authorized to perform: ?([A-Za-z0-9-]{2,40}:[A-Za-z0-9*]{1,80})(?: on resource: ?("[^"]{1,1000}"|(?:role|user|group|policy|instance profile|access key) [\w+=,.@/*-]{1,200}|[^\s,;)]{1,1000}))?(?=(.{0,400}))/g;

function denials(text: string): readonly Raw[] {
  return [...text.matchAll(sentence)].map((match): Raw => {
    const [, principal, action = "", resource, rest = ""] = match;
    const { denyLayer, missingAction, policyArn } = layerOf(rest);
    return raw(
      action === "sts:AssumeRoleWithWebIdentity" ? "assume-role-web-identity-denied" : "access-denied",
      {
        principalArn: principal ?? null,
        action,
        missingAction: missingAction === action ? null : missingAction,
        resource: resource === undefined ? null : trimmed(resource),
        denyLayer,
        policyArn,
        requestId: requestIdOf(rest),
      },
    );
  });
}

/** Without the quotes of S3 and the full stop that ends a sentence. */
function trimmed(resource: string): string {
  return resource.replace(/^\\?"|\\?"$/g, "").replace(/["'.:]+$/, "");
}

function layerOf(rest: string): Pick<Raw, "denyLayer" | "missingAction" | "policyArn"> {
  const none =
    /^.{0,40}?because no (identity-based|resource-based|service control|resource control|permissions boundary|session|VPC endpoint|role trust)s?(?: policy| policies)? allows the ([A-Za-z0-9-]+:[A-Za-z0-9*]+) action/i.exec(
      rest,
    );
  if (none !== null) {
    return {
      denyLayer: layers[(none[1] ?? "").toLowerCase()]?.implicit ?? null,
      missingAction: none[2] ?? null,
      policyArn: null,
    };
  }
  const explicit =
    /^.{0,40}?with an explicit deny in (?:an?|the) (identity-based|resource-based|service control|resource control|permissions boundary|session|sessions|VPC endpoint|role trust)(?: policy)?(?:: ?(arn:[^\s,;)]{1,400}))?/i.exec(
      rest,
    );
  if (explicit === null) return { denyLayer: null, missingAction: null, policyArn: null };
  return {
    denyLayer: layers[(explicit[1] ?? "").toLowerCase()]?.explicit ?? null,
    missingAction: null,
    policyArn: explicit[2] ?? null,
  };
}

const same = (layer: DenyLayer) => ({ implicit: layer, explicit: layer });
const layers: Readonly<Record<string, { readonly implicit: DenyLayer; readonly explicit: DenyLayer }>> = {
  "identity-based": { implicit: "identity-based", explicit: "explicit-deny-identity-based" },
  "resource-based": { implicit: "resource-based", explicit: "explicit-deny-resource-based" },
  "role trust": { implicit: "resource-based", explicit: "explicit-deny-resource-based" },
  "service control": same("scp"),
  "resource control": same("rcp"),
  "permissions boundary": same("permissions-boundary"),
  session: same("session"),
  sessions: same("session"),
  "vpc endpoint": same("vpc-endpoint"),
};

interface Sign {
  readonly kind: AwsErrorKind;
  readonly pattern: RegExp;
  readonly action?: string;
}

/** In this order: a text that shows a more telling sign is not told again by a weaker one. */
const signs: readonly Sign[] = [
  {
    kind: "assume-role-web-identity-denied",
    pattern: /not authorized to perform:? ?sts:AssumeRoleWithWebIdentity/i,
    action: "sts:AssumeRoleWithWebIdentity",
  },
  {
    kind: "invalid-identity-token",
    pattern:
      /InvalidIdentityToken|IDPRejectedClaim|IDPCommunicationError|No OpenIDConnect provider found|Incorrect token audience/,
  },
  {
    kind: "pod-identity-agent-error",
    pattern:
      /EKS does not have permissions to assume the associated role|container-role: |169\.254\.170\.23|\[fd00:ec2::23\]|container metadata: \[?[0-9a-f-]{8}|ContainerCredentialsProvider\(\): Failed to load credentials from metadata service/,
  },
  {
    kind: "expired-token",
    pattern: /ExpiredToken|security token included in the request is expired|Token expired: current date/,
  },
  {
    kind: "bad-keys",
    pattern:
      /InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|security token included in the request is invalid/,
  },
  {
    kind: "token-file",
    pattern:
      /secrets\/(?:eks|pods\.eks)\.amazonaws\.com\/serviceaccount\/[\w-]{1,60}['"]?:? ?(?:caused by: ?)?.{0,80}(?:permission denied|no such file)|(?:EACCES|ENOENT|No such file or directory|Permission denied).{0,80}secrets\/(?:eks|pods\.eks)\.amazonaws\.com|MissingWebIdentityTokenFile|token could not be loaded from the WebIdentityTokenFile/i,
  },
  {
    kind: "no-credentials",
    pattern:
      /Unable to load (?:AWS )?credentials from any|SdkClientException: Failed to connect to service endpoint|Unable to locate credentials|NoCredentialProviders|no EC2 IMDS role found|Missing credentials in config|Could not load credentials from any providers|Unable to get IAM security credentials|MissingCredentialsError|no valid credential sources|Error retrieving credentials from the instance profile|Provider returned no credentials|no providers in chain provided credentials|No identity could be resolved from the chain|Failed to resolve AWS credentials/,
  },
  {
    kind: "region-missing",
    pattern: /MissingRegion|Unable to (?:load|find) a? ?region|You must specify a region|Region is missing/i,
  },
  {
    kind: "imds-unreachable",
    pattern:
      /ec2imds.{0,200}(?:deadline exceeded|timeout|canceled)|169\.254\.169\.254.{0,120}(?:timed? ?out|refused|unreachable|deadline)/i,
  },
  {
    kind: "throttled",
    pattern: /ThrottlingException|Throttling: Rate exceeded|RequestLimitExceeded|TooManyRequestsException/,
  },
];

/** STS names no action when it refuses a token; the SDK around it says that a web identity was presented. */
function askedBy(kind: AwsErrorKind, text: string): string | null {
  return kind === "invalid-identity-token" && /WebIdentity/.test(text) ? webIdentityAction : null;
}

const bareDenial =
  /S3Exception: (?:Access Denied|Forbidden)|Error Code: 403 Forbidden|AccessDeniedException|UnauthorizedOperation|\bAccessDenied\b(?=[:)<]|\s*\(|\s*when)|<Code>AccessDenied<|Error Code: AccessDenied|403 Forbidden.{0,40}amazonaws/;
/** Systems that deny in words of their own. */
const foreign =
  /system:(?:serviceaccount|node|anonymous)[^\n]{0,200}cannot |is forbidden: User|TopicAuthorizationException|AccessControlException|org\.mongodb|MongoServerError|permission denied on resource|ACCESS_REFUSED/i;

function otherErrors(text: string): readonly Raw[] {
  const requestId = requestIdOf(text);
  const found = signs
    .filter((sign) => sign.pattern.test(text))
    .map((sign) => raw(sign.kind, { action: sign.action ?? askedBy(sign.kind, text), requestId }));
  const spelled = /is not authorized to perform/.test(text);
  const stronger = found.filter((error) => !(spelled && error.kind === "assume-role-web-identity-denied"));
  const encoded = /Encoded authorization failure message: ?([A-Za-z0-9_.*<-]{4,4000})/.exec(text)?.[1];
  if (encoded !== undefined)
    return [...stronger, raw("encoded-denial", { encodedMessage: encoded, requestId })];
  if (!spelled && stronger.length === 0 && bareDenial.test(text) && !foreign.test(text)) {
    return [raw("access-denied", { requestId })];
  }
  return stronger;
}

function requestIdOf(text: string): string | null {
  const match =
    /request ?id: ?"?([A-Za-z0-9-]{8,80})|RequestID: ?"?([A-Za-z0-9-]{8,80})|\[([0-9a-f]{8}-[0-9a-f-]{27})\]: \(/i.exec(
      text,
    );
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? null;
}

const sdks: readonly (readonly [string, RegExp])[] = [
  ["java1", /com\.amazonaws\./],
  ["java2", /software\.amazon\.awssdk|SdkClientException/],
  ["boto3", /botocore|boto3|An error occurred \(/],
  ["go2", /operation error |api error |ec2imds/],
  ["go1", /status code: \d{3}, request id|NoCredentialProviders|WebIdentityErr/],
  ["js3", /CredentialsProviderError|@aws-sdk\/|\$metadata/],
  ["js2", /CredentialsError|aws-sdk\/lib/],
  ["dotnet", /Amazon\.Runtime|Amazon\.[A-Z]\w+\.Model/],
  ["ruby", /Aws::/],
  ["php", /Aws\\\\?[A-Z]|AWS HTTP error/],
  ["rust", /ConstructionFailure|aws_config/],
];

function sdkOf(text: string): string | null {
  return sdks.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}
