import type { Account } from "./account.ts";
import { trusts } from "./decisions.ts";
import { defaultSeconds, refused, responseElements, type SessionStore } from "./session-store.ts";
import type { SessionParts } from "./sessions.ts";

/**
 * sts:AssumeRoleWithWebIdentity. A token that STS cannot trust leaves no event; a trust policy that refuses does,
 * and says less than the API: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
 */
export function createWebIdentity(
  { options, ids, iam, trail, guards }: Pick<SessionParts, "options" | "ids" | "iam" | "trail" | "guards">,
  store: SessionStore,
): Account["assumeRoleWithWebIdentity"] {
  const { accountId } = options;

  return (request) => {
    const { roleArn, issuer, subject, audience, sessionName } = request;
    const requestId = request.requestId ?? ids.uuid();
    const provider = iam.oidcProviders().find((candidate) => candidate.issuer === issuer);
    if (provider === undefined) {
      const message = `No OpenIDConnect provider found in your account for ${issuer}`;
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
