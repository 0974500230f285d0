import type { IamState } from "./iam-state.ts";
import type { Caller, NamedDocument, Role, Session, TrailRecord } from "./model.ts";

/** Whoever makes a call, with all that decides it and all that CloudTrail writes about the caller. */
export interface Principal {
  /** As AWS's messages name it. */
  readonly arn: string;
  /** `aws:PrincipalArn`: a session's role. */
  readonly policyArn: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly userId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly identityPolicies: readonly NamedDocument[];
  /** Null: the layer does not apply. */
  readonly permissionsBoundary: readonly NamedDocument[] | null;
  readonly sessionPolicies: readonly NamedDocument[] | null;
  readonly userIdentity: TrailRecord;
}

/** The documents of a role's identity policies, at the versions that count now. */
export function policiesOfRole(iam: IamState, role: Role): readonly NamedDocument[] {
  return [...role.attached.flatMap((arn) => documentOf(iam, arn)), ...role.inline];
}

function documentOf(iam: IamState, policyArn: string): readonly NamedDocument[] {
  const policy = iam.policy(policyArn);
  const version = policy?.versions.find((candidate) => candidate.versionId === policy.defaultVersionId);
  return version === undefined ? [] : [{ name: policyArn, document: version.document }];
}

/** Null: the role of the session is gone, so that its credentials are worth nothing. */
export function principalOfSession(iam: IamState, session: Session): Principal | null {
  const role = iam.role(session.roleArn);
  if (role === undefined || role.roleId !== session.roleId) return null;
  const boundary = role.permissionsBoundaryArn;
  return {
    arn: session.sessionArn,
    policyArn: session.roleArn,
    accountId: session.accountId,
    accessKeyId: session.accessKeyId,
    userId: `${session.roleId}:${session.sessionName}`,
    tags: { ...role.tags, ...session.tags },
    transitiveTagKeys: session.transitiveTagKeys,
    identityPolicies: policiesOfRole(iam, role),
    permissionsBoundary: boundary === null ? null : documentOf(iam, boundary),
    sessionPolicies: session.sessionPolicies.length === 0 ? null : session.sessionPolicies,
    userIdentity: identityOfSession(session),
  };
}

/** `userIdentity` of a role session: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
function identityOfSession(session: Session): TrailRecord {
  return {
    type: "AssumedRole",
    principalId: `${session.roleId}:${session.sessionName}`,
    arn: session.sessionArn,
    accountId: session.accountId,
    accessKeyId: session.accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: session.roleId,
        arn: session.roleArn,
        accountId: session.accountId,
        userName: session.roleArn.slice(session.roleArn.lastIndexOf("/") + 1),
      },
      ...(session.federatedProvider === null
        ? {}
        : { webIdFederationData: { federatedProvider: session.federatedProvider, attributes: {} } }),
      attributes: {
        creationDate: `${session.issuedAt.slice(0, 19)}Z`,
        mfaAuthenticated: "false",
      },
      ...(session.kind === "instance-profile" ? { ec2RoleDelivery: "2.0" } : {}),
    },
  };
}

/** A caller's policies are its own, whatever the account says about a role of that name. */
export function principalOfCaller(caller: Caller): Principal {
  const [, , , , accountId = "", resource = ""] = caller.principalArn.split(":");
  const [type = "", ...names] = resource.split("/");
  const lastName = names.at(-1) ?? type;
  const assumedRole = type === "assumed-role";
  const roleArn = `arn:aws:iam::${accountId}:role/${names[0] ?? ""}`;
  const userId = assumedRole ? `AROASANDBOXCALLER:${lastName}` : "AIDASANDBOXCALLER";
  return {
    arn: caller.principalArn,
    policyArn: assumedRole ? roleArn : caller.principalArn,
    accountId,
    accessKeyId: caller.accessKeyId,
    userId,
    tags: {},
    transitiveTagKeys: [],
    identityPolicies: caller.policies,
    permissionsBoundary: null,
    sessionPolicies: null,
    userIdentity: {
      type: assumedRole ? "AssumedRole" : "IAMUser",
      principalId: userId,
      arn: caller.principalArn,
      accountId,
      accessKeyId: caller.accessKeyId,
      ...(assumedRole
        ? {
            sessionContext: {
              sessionIssuer: {
                type: "Role",
                principalId: "AROASANDBOXCALLER",
                arn: roleArn,
                accountId,
                userName: names[0] ?? "",
              },
            },
          }
        : { userName: lastName }),
    },
  };
}
