import type { CallRequest } from "./calls.ts";
import type { Resource } from "./resources.ts";

/** What AWS answers before any policy is looked at. */
interface EarlyRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface LimitState {
  /** From then on the account's quota for this action is used up wherever it is asked of the resource. */
  throttle(action: string, resource: string): void;
  isThrottled(action: string, resource: string): boolean;
}

export function createLimits(): LimitState {
  const throttled = new Set<string>();
  return {
    throttle: (action, resource) => throttled.add(`${action} ${resource}`),
    isThrottled: (action, resource) => throttled.has(`${action} ${resource}`),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html */
const toleratedSkewMs = 5 * 60_000;

/** A signature of another time or for another place, a bucket of another Region, a quota that is used up. */
export function refusedBeforePolicies(
  request: CallRequest,
  facts: {
    readonly now: Date;
    readonly region: string;
    readonly resource: Resource | undefined;
    readonly throttled: boolean;
  },
): EarlyRefusal | null {
  const { now, region, resource } = facts;
  const service = request.action.slice(0, request.action.indexOf(":"));
  const signedFor = request.region ?? region;
  const skewMs = request.clockSkewMs ?? 0;
  if (Math.abs(skewMs) > toleratedSkewMs) {
    const signedAt = stamp(new Date(now.getTime() + skewMs));
    const limit = stamp(new Date(now.getTime() - Math.sign(-skewMs) * toleratedSkewMs));
    const message =
      skewMs < 0
        ? `Signature expired: ${signedAt} is now earlier than ${limit} (${stamp(now)} - 5 min.)`
        : `Signature not yet current: ${signedAt} is still later than ${limit} (${stamp(now)} + 5 min.)`;
    return { status: 400, code: "InvalidSignatureException", message };
  }
  if (request.endpoint === "https://sts.amazonaws.com" && service === "sts" && signedFor !== "us-east-1") {
    const message = `Credential should be scoped to a valid region, not '${signedFor}'.`;
    return { status: 403, code: "SignatureDoesNotMatch", message };
  }
  if (service === "s3" && resource !== undefined && resource.region !== signedFor) {
    const message = `The authorization header is malformed; the region '${signedFor}' is wrong; expecting '${resource.region}'`;
    return { status: 400, code: "AuthorizationHeaderMalformed", message };
  }
  return facts.throttled ? { status: 400, code: "ThrottlingException", message: "Rate exceeded" } : null;
}

/** `20261121T080000Z` */
function stamp(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}
