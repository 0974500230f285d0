import type { TrailEvent, TrailSession } from "../facts/trail.ts";
import { roleOfArn, roleOfSession } from "../iam/arn.ts";
import type { PrincipalKind } from "../logs/aws-error.ts";
import { principalKindOf } from "../logs/principal.ts";

/** How whoever made a recorded call came by the credentials. */
export type TrailCaller =
  | { readonly kind: "node"; readonly instanceId: string }
  | { readonly kind: "pod-identity"; readonly session: string }
  /** A session by a web identity token: IRSA where the provider is a cluster's. */
  | { readonly kind: "web-identity"; readonly provider: string | null; readonly subject: string | null }
  | { readonly kind: "user"; readonly name: string }
  | { readonly kind: "sso"; readonly user: string; readonly permissionSet: string | null }
  /** A role's session of which nothing tells who assumed it. */
  | { readonly kind: "role"; readonly role: string; readonly session: string }
  | { readonly kind: "service"; readonly service: string }
  | { readonly kind: "root" }
  | { readonly kind: "unknown" };

const instanceSession = /^m?i-[0-9a-f]{8,17}$/;
const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const podIdentitySession = new RegExp(`^eks-.{1,21}-${uuid}$`);
const onlyUuid = new RegExp(`^${uuid}$`);
/** https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html */
const permissionSetRole = /^AWSReservedSSO_(.{1,64})_[0-9a-f]{16}$/;

/**
 * Tells callers apart by `userIdentity`. A session's name is a hint only, which applications choose: what STS and EC2
 * write themselves comes first.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export function callerOf(event: TrailEvent): TrailCaller {
  const { identityType, identity, principalArn, userName } = event;
  switch (identityType) {
    case "WebIdentityUser":
      return { kind: "web-identity", provider: identity?.identityProvider ?? null, subject: userName };
    case "IAMUser":
      return { kind: "user", name: userName ?? lastOf(principalArn ?? "") };
    case "Root":
      return { kind: "root" };
    case "IdentityCenterUser":
      return { kind: "sso", user: userName ?? "", permissionSet: null };
    case "AWSService":
      return { kind: "service", service: identity?.invokedBy ?? "" };
    default:
      return callerOfSession(event);
  }
}

function callerOfSession({ principalArn, identity }: TrailEvent): TrailCaller {
  const session = principalArn === null ? null : roleOfSession(principalArn);
  if (session === null) return { kind: "unknown" };
  const { roleName, sessionName } = session;
  if ((identity?.ec2RoleDelivery ?? null) !== null || instanceSession.test(sessionName)) {
    return { kind: "node", instanceId: sessionName };
  }
  const provider = identity?.federatedProvider ?? null;
  if (provider !== null) return { kind: "web-identity", provider, subject: null };
  const issuer =
    identity?.issuerArn == null ? roleName : (roleOfArn(identity.issuerArn)?.roleName ?? roleName);
  const permissionSet = permissionSetRole.exec(issuer)?.[1];
  if (permissionSet !== undefined) return { kind: "sso", user: sessionName, permissionSet };
  if (podIdentitySession.test(sessionName)) return { kind: "pod-identity", session: sessionName };
  return { kind: "role", role: roleName, session: sessionName };
}

/** The same in the terms of the logs' grammar. */
export function principalKindOfEvent(event: TrailEvent): PrincipalKind {
  const caller = callerOf(event);
  switch (caller.kind) {
    case "node":
      return "node-role";
    case "pod-identity":
      return "pod-identity-role";
    case "web-identity":
      return "irsa-role";
    case "user":
    case "root":
      return "user";
    case "role":
      // Recordings of before have only the session's name to go by.
      return event.identity === undefined ? principalKindOf(event.principalArn) : "unknown";
    default:
      return "unknown";
  }
}

/** Who called, in words; `session` is what STS recorded when it gave the session out, where that was found. */
export function describeCaller(event: TrailEvent, session: TrailSession | null): string {
  const caller = callerOf(event);
  switch (caller.kind) {
    case "node":
      return `node ${caller.instanceId} (its instance profile)`;
    case "pod-identity": {
      const pod = session?.pod ?? null;
      return pod === null
        ? `a Pod Identity session (${caller.session})`
        : `a Pod Identity session of pod ${pod.namespace}/${pod.name}`;
    }
    case "web-identity": {
      const subject = caller.subject ?? session?.subject ?? null;
      if (subject !== null) return `the web identity of ${subject}`;
      return `a web identity session${caller.provider === null ? "" : ` by ${caller.provider}`}`;
    }
    case "user":
      return `IAM user ${caller.name}`;
    case "sso":
      return `IAM Identity Center user ${caller.user}${caller.permissionSet === null ? "" : ` (permission set ${caller.permissionSet})`}`;
    case "role":
      return session?.pod == null
        ? `session ${caller.session} of role ${caller.role}, assumed by other means`
        : `a session of role ${caller.role} for pod ${session.pod.namespace}/${session.pod.name}`;
    case "service":
      return caller.service === "" ? "an AWS service" : `the AWS service ${caller.service}`;
    case "root":
      return "the account's root user";
    case "unknown":
      return event.principalArn ?? "an unknown caller";
  }
}

/**
 * Does a Pod Identity session's name fit this pod? Cluster and pod stand in it with their first ten characters:
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumedRoleUser.html
 */
export function isSessionOfPod(sessionName: string, cluster: string, podName: string): boolean {
  const start = `eks-${cluster.slice(0, 10)}-${podName.slice(0, 10)}-`;
  const rest = sessionName.slice(start.length);
  return sessionName.startsWith(start) && onlyUuid.test(rest);
}

function lastOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
