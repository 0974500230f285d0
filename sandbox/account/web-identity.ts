import type { Account } from "./account.ts";
import { trusts } from "./decisions.ts";
import { defaultSeconds, refused, responseElements, type SessionStore } from "./session-store.ts";
import type { SessionParts } from "./sessions.ts";

function isRoleArn(text: string): boolean {
  return /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w\-/.@+=,]+$/.test(text);
}

/**
 * sts:AssumeRoleWithWebIdentity. A token that STS cannot trust leaves no event; a trust policy that refuses does,
 * and says less than the API: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
 */
export function createWebIdentity(
  {
    options,
    ids,
    iam,
    trail,
    guards,
    limits,
  }: Pick<SessionParts, "options" | "ids" | "iam" | "trail" | "guards" | "limits">,
  store: SessionStore,
): Account["assumeRoleWithWebIdentity"] {
  const { accountId, region, now } = options;

  return (request) => {
    const { roleArn, issuer, subject, audience, sessionName } = request;
    const requestId = request.requestId ?? ids.uuid();
    if (!isRoleArn(roleArn)) return refused(400, "ValidationError", "Request ARN is invalid", requestId);
    if (limits.isThrottled("sts:AssumeRoleWithWebIdentity", roleArn)) {
      return refused(400, "Throttling", "Rate exceeded", requestId);
    }
    if (request.region !== undefined && request.region !== region) {
      const message = `STS is not activated in this region for account:${accountId}. Your account administrator can activate STS in this region using the IAM Console.`;
      return refused(403, "RegionDisabledException", message, requestId);
    }
    const nowIso = now().toISOString();
    if (request.tokenExpiresAt !== undefined && request.tokenExpiresAt <= nowIso) {
      const [current, end] = [nowIso, request.tokenExpiresAt].map((time) =>
        Math.floor(Date.parse(time) / 1000),
      );
      const message = `Token expired: current date/time ${current} must be before the expiration date/time ${end}`;
      return refused(400, "ExpiredTokenException", message, requestId);
    }
    // The provider has to be in the role's account.
    const provider = roleArn.includes(`::${accountId}:`)
      ? iam.oidcProviders().find((candidate) => candidate.issuer === issuer)
      : undefined;
    if (provider === undefined) {
      const message = `No OpenIDConnect provider found in your account for ${issuer}`;
      return refused(400, "InvalidIdentityToken", message, requestId);
    }
    if (!provider.reachable) {
      const message =
        "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
      return refused(400, "InvalidIdentityToken", message, requestId);
    }
    if (!provider.clientIds.includes(audience)) {
      return refused(400, "InvalidIdentityToken", "Incorrect token audience", requestId);
    }
    const role = iam.role(roleArn);
    const webIdentity = {
      providerArn: provider.arn,
      issuer: issuer.replace(/^https:\/\//, ""),
      subject,
      audience,
    };
    const context = { "sts:RoleSessionName": [sessionName] };
    const record = {
      userIdentity: {
        type: "WebIdentityUser",
        principalId: `${provider.arn}:${audience}:${subject}`,
        userName: subject,
        identityProvider: provider.arn,
      },
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRoleWithWebIdentity",
      sourceIPAddress: "192.0.2.10",
      userAgent: request.userAgent ?? "aws-sdk",
      requestParameters: { roleArn, roleSessionName: sessionName },
      requestID: requestId,
      resources: [{ accountId, type: "AWS::IAM::Role", ARN: roleArn }],
    };
    const action = "sts:AssumeRoleWithWebIdentity";
    if (role === undefined || !trusts(role, { webIdentity }, action, context, guards)) {
      trail.record({
        ...record,
        errorCode: "AccessDenied",
        errorMessage: "An unknown error occurred",
        responseElements: null,
      });
      return refused(
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        requestId,
      );
    }
    const session = store.issue(role, sessionName, {
      kind: "web-identity",
      seconds: defaultSeconds,
      federatedProvider: provider.arn,
      sessionPolicies:
        request.sessionPolicy === undefined ? [] : [{ name: "session", document: request.sessionPolicy }],
    });
    trail.record({
      ...record,
      responseElements: {
        ...responseElements(session),
        subjectFromWebIdentityToken: subject,
        provider: provider.arn,
        audience,
      },
      additionalEventData: { identityProviderConnectionVerificationMethod: "IAMTrustStore" },
    });
    return { ok: true, session };
  };
}
