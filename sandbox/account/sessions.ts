import type { JsonValue } from "../../src/core/json.ts";
import type { Account, AccountOptions, NewTrailRecord } from "./account.ts";
import type { Calls } from "./calls.ts";
import { trusts } from "./decisions.ts";
import type { IamState } from "./iam-state.ts";
import type { Ids } from "./ids.ts";
import type { NamedDocument, PodIdentityAssociation, Refusal, Role, Session, SessionKind } from "./model.ts";
import { type Principal, principalOfSession } from "./principals.ts";
import type { Trail } from "./trail.ts";

type PodIdentityRequest = Parameters<Account["assumeRoleForPodIdentity"]>[0];
type WebIdentityRequest = Parameters<Account["assumeRoleWithWebIdentity"]>[0];

const podIdentityService = "pods.eks.amazonaws.com";
/** EKS Auth gives sessions of six hours, web identity and plain AssumeRole one hour. */
const podIdentitySeconds = 21_600;
const defaultSeconds = 3_600;

export interface AssumeRoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly externalId: string | null;
  readonly durationSeconds: number;
  readonly sessionPolicy: JsonValue | null;
  readonly userAgent?: string;
}

export interface Sessions
  extends Pick<Account, "nodeSession" | "assumeRoleForPodIdentity" | "assumeRoleWithWebIdentity"> {
  /** sts:AssumeRole by a principal: its own policies and the role's trust policy decide. */
  assumeRole(
    principal: Principal,
    request: AssumeRoleRequest,
  ): { readonly ok: true; readonly session: Session } | Refusal;
  byAccessKey(accessKeyId: string): Session | undefined;
}

export interface SessionParts {
  readonly options: AccountOptions;
  readonly ids: Ids;
  readonly iam: IamState;
  readonly eks: Pick<Account, "cluster" | "association">;
  readonly trail: Trail;
  readonly calls: Calls;
}

/** Everything that gives out temporary credentials. */
export function createSessions({ options, ids, iam, eks, trail, calls }: SessionParts): Sessions {
  const { accountId, region } = options;
  const issued = new Map<string, Session>();

  function issue(
    role: Role,
    sessionName: string,
    facts: {
      readonly kind: SessionKind;
      readonly seconds: number;
      readonly tags?: Readonly<Record<string, string>>;
      readonly transitiveTagKeys?: readonly string[];
      readonly sessionPolicies?: readonly NamedDocument[];
      readonly federatedProvider?: string;
    },
  ): Session {
    const now = options.now();
    const session: Session = {
      kind: facts.kind,
      accountId,
      roleArn: role.arn,
      roleId: role.roleId,
      sessionArn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`,
      sessionName,
      tags: facts.tags ?? {},
      transitiveTagKeys: facts.transitiveTagKeys ?? [],
      sessionPolicies: facts.sessionPolicies ?? [],
      federatedProvider: facts.federatedProvider ?? null,
      accessKeyId: ids.accessKeyId(),
      secretAccessKey: ids.secretAccessKey(),
      sessionToken: ids.sessionToken(),
      issuedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + facts.seconds * 1000).toISOString(),
    };
    issued.set(session.accessKeyId, session);
    return session;
  }

  function refuse(status: number, code: string, message: string, requestId = ids.uuid()): Refusal {
    return { ok: false, status, code, message, requestId };
  }

  function nodeSession(request: { readonly instanceId: string; readonly nodeRoleArn: string }): Session {
    const role = iam.role(request.nodeRoleArn);
    if (role === undefined)
      throw new Error(`There is no role ${request.nodeRoleArn}: the node has no credentials.`);
    return issue(role, request.instanceId, { kind: "instance-profile", seconds: podIdentitySeconds });
  }

  function assumeRoleForPodIdentity(
    request: PodIdentityRequest,
  ): ReturnType<Sessions["assumeRoleForPodIdentity"]> {
    const node = principalOfSession(iam, request.nodeSession);
    if (node === null) {
      return refuse(
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
      );
    }
    const clusterArn = `arn:aws:eks:${region}:${accountId}:cluster/${request.cluster}`;
    const call = {
      action: "eks-auth:AssumeRoleForPodIdentity",
      resource: clusterArn,
      userAgent: "eks-pod-identity-agent/v0.1.37",
    };
    const outcome = calls.authorize(node, call);

    function answer(refusal: Refusal | null, message: string | null): void {
      calls.record(
        node as Principal,
        call,
        {
          requestId: outcome.requestId,
          refusal: refusal === null ? null : { ...refusal, message: message ?? refusal.message },
        },
        {
          requestParameters: { clusterName: request.cluster, token: "HIDDEN_DUE_TO_SECURITY_REASONS" },
          resources: [{ type: "AWS::EKS::Cluster", name: request.cluster }],
        },
      );
    }
    function deny(refusal: Refusal): Refusal {
      answer(refusal, null);
      return { ...refusal, requestId: outcome.requestId };
    }

    if (outcome.refusal !== null) return deny(outcome.refusal);
    if (eks.cluster(request.cluster) === undefined) {
      return deny(refuse(404, "ResourceNotFoundException", `No cluster found for name: ${request.cluster}.`));
    }
    const association = eks.association(request.cluster, request.namespace, request.serviceAccount);
    if (association === undefined) {
      return deny(
        refuse(
          404,
          "ResourceNotFoundException",
          `No pod identity association found for service account ${request.serviceAccount} in namespace ${request.namespace}.`,
        ),
      );
    }
    const session = sessionOfAssociation(association, request, clusterArn);
    if (session === null) {
      return deny(
        refuse(
          400,
          "AccessDeniedException",
          "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
        ),
      );
    }
    answer(null, null);
    return { ok: true, session };
  }

  function sessionOfAssociation(
    association: PodIdentityAssociation,
    request: PodIdentityRequest,
    clusterArn: string,
  ): Session | null {
    const role = iam.role(association.roleArn);
    if (role === undefined) return null;
    const tags: Readonly<Record<string, string>> = association.disableSessionTags
      ? {}
      : {
          "eks-cluster-arn": clusterArn,
          "eks-cluster-name": request.cluster,
          "kubernetes-namespace": request.namespace,
          "kubernetes-service-account": request.serviceAccount,
          "kubernetes-pod-name": request.podName,
          "kubernetes-pod-uid": request.podUid,
        };
    const keys = Object.keys(tags);
    const context = {
      "aws:SourceArn": [clusterArn],
      "aws:SourceAccount": [accountId],
      "aws:PrincipalIsAWSService": ["true"],
      "aws:PrincipalServiceName": [podIdentityService],
      ...tagContext(tags, keys),
    };
    const actions = keys.length === 0 ? ["sts:AssumeRole"] : ["sts:AssumeRole", "sts:TagSession"];
    const caller = { service: podIdentityService } as const;
    if (!actions.every((action) => trusts(role, caller, action, context))) return null;

    const sessionName = `eks-${request.cluster.slice(0, 10)}-${request.podName.slice(0, 10)}-${ids.uuid()}`;
    const policies =
      association.policy === null
        ? []
        : [{ name: "association", document: JSON.parse(association.policy) as JsonValue }];
    const targeted = association.targetRoleArn !== null;
    const session = issue(role, sessionName, {
      kind: "pod-identity",
      seconds: podIdentitySeconds,
      tags,
      transitiveTagKeys: keys,
      sessionPolicies: targeted ? [] : policies,
    });
    trail.record(assumeRoleRecord(role, session, tags), [{ type: "AWS::IAM::Role", name: role.arn }]);
    if (association.targetRoleArn === null) return session;

    const principal = principalOfSession(iam, session);
    if (principal === null) return null;
    const target = assumeRole(principal, {
      roleArn: association.targetRoleArn,
      sessionName,
      tags: {},
      transitiveTagKeys: [],
      externalId: association.externalId,
      durationSeconds: defaultSeconds,
      sessionPolicy: policies[0]?.document ?? null,
      userAgent: podIdentityService,
    });
    return target.ok ? target.session : null;
  }

  /** The AssumeRole event that EKS leaves: the only place that gives the full pod name and uid of a session. */
  function assumeRoleRecord(
    role: Role,
    session: Session,
    tags: Readonly<Record<string, string>>,
  ): NewTrailRecord {
    return {
      userIdentity: { type: "AWSService", invokedBy: podIdentityService },
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRole",
      sourceIPAddress: podIdentityService,
      userAgent: podIdentityService,
      requestParameters: {
        roleArn: role.arn,
        roleSessionName: session.sessionName,
        durationSeconds: podIdentitySeconds,
        ...(session.transitiveTagKeys.length === 0
          ? {}
          : {
              tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
              transitiveTagKeys: session.transitiveTagKeys,
            }),
      },
      responseElements: responseElements(session),
      resources: [{ accountId, type: "AWS::IAM::Role", ARN: role.arn }],
    };
  }

  function responseElements(session: Session): { readonly [key: string]: JsonValue } {
    return {
      credentials: {
        accessKeyId: session.accessKeyId,
        sessionToken: "HIDDEN_DUE_TO_SECURITY_REASONS",
        expiration: session.expiresAt,
      },
      assumedRoleUser: {
        assumedRoleId: `${session.roleId}:${session.sessionName}`,
        arn: session.sessionArn,
      },
    };
  }

  function assumeRoleWithWebIdentity(
    request: WebIdentityRequest,
  ): ReturnType<Sessions["assumeRoleWithWebIdentity"]> {
    const provider = iam.oidcProviders().find((candidate) => candidate.issuer === request.issuer);
    if (provider === undefined) {
      return refuse(
        400,
        "InvalidIdentityToken",
        `No OpenIDConnect provider found in your account for ${request.issuer}`,
      );
    }
    if (!provider.clientIds.includes(request.audience)) {
      return refuse(400, "InvalidIdentityToken", "Incorrect token audience");
    }
    const role = iam.role(request.roleArn);
    const issuerPath = request.issuer.replace(/^https:\/\//, "");
    const trusted =
      role !== undefined &&
      trusts(
        role,
        {
          webIdentity: {
            providerArn: provider.arn,
            issuer: issuerPath,
            subject: request.subject,
            audience: request.audience,
          },
        },
        "sts:AssumeRoleWithWebIdentity",
        { "sts:RoleSessionName": [request.sessionName] },
      );
    const requestId = ids.uuid();
    const record = {
      userIdentity: {
        type: "WebIdentityUser",
        principalId: `${provider.arn}:${request.audience}:${request.subject}`,
        userName: request.subject,
        identityProvider: provider.arn,
      },
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRoleWithWebIdentity",
      sourceIPAddress: "192.0.2.10",
      userAgent: request.userAgent ?? "aws-sdk",
      requestParameters: { roleArn: request.roleArn, roleSessionName: request.sessionName },
      requestID: requestId,
      resources: [{ accountId, type: "AWS::IAM::Role", ARN: request.roleArn }],
    };
    const resources = [{ type: "AWS::IAM::Role", name: request.roleArn }];
    if (!trusted) {
      trail.record(
        {
          ...record,
          errorCode: "AccessDenied",
          errorMessage: "An unknown error occurred",
          responseElements: null,
        },
        resources,
      );
      return refuse(
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        requestId,
      );
    }
    const session = issue(role, request.sessionName, {
      kind: "web-identity",
      seconds: defaultSeconds,
      federatedProvider: provider.arn,
    });
    trail.record(
      {
        ...record,
        responseElements: {
          ...responseElements(session),
          subjectFromWebIdentityToken: request.subject,
          provider: provider.arn,
          audience: request.audience,
        },
        additionalEventData: { identityProviderConnectionVerificationMethod: "IAMTrustStore" },
      },
      resources,
    );
    return { ok: true, session };
  }

  function assumeRole(principal: Principal, request: AssumeRoleRequest): ReturnType<Sessions["assumeRole"]> {
    const role = iam.role(request.roleArn);
    const inherited = Object.fromEntries(
      principal.transitiveTagKeys.map((key) => [key, principal.tags[key] ?? ""]),
    );
    const tags = { ...request.tags, ...inherited };
    const keys = Object.keys(tags);
    const context = {
      ...tagContext(tags, keys),
      "sts:RoleSessionName": [request.sessionName],
      ...(request.externalId === null ? {} : { "sts:ExternalId": [request.externalId] }),
    };
    const actions = keys.length === 0 ? ["sts:AssumeRole"] : ["sts:AssumeRole", "sts:TagSession"];
    const facts = {
      requestParameters: {
        roleArn: request.roleArn,
        roleSessionName: request.sessionName,
        durationSeconds: request.durationSeconds,
      },
      resources: [{ type: "AWS::IAM::Role", name: request.roleArn }],
    };
    const recorded = {
      action: "sts:AssumeRole",
      resource: request.roleArn,
      ...(request.userAgent === undefined ? {} : { userAgent: request.userAgent }),
    };
    const requestId = ids.uuid();

    for (const action of actions) {
      const asked = { action, resource: request.roleArn, context };
      const own = calls.authorize(principal, asked);
      const byTrust = role !== undefined && trusts(role, { principal: principal.policyArn }, action, context);
      const refusal =
        own.refusal ??
        (byTrust
          ? null
          : refuse(
              403,
              "AccessDenied",
              `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${request.roleArn}${role === undefined ? "" : ` because no role trust policy allows the ${action} action`}`,
            ));
      if (refusal !== null) {
        const answer = { ...refusal, requestId };
        calls.record(principal, recorded, { requestId, refusal: answer }, facts);
        return answer;
      }
    }
    if (role === undefined) throw new Error("A role that is not there was trusted.");
    const session = issue(role, request.sessionName, {
      kind: "assumed-role",
      seconds: request.durationSeconds,
      tags,
      transitiveTagKeys: [...new Set([...request.transitiveTagKeys, ...principal.transitiveTagKeys])],
      sessionPolicies:
        request.sessionPolicy === null ? [] : [{ name: "session", document: request.sessionPolicy }],
    });
    calls.record(
      principal,
      recorded,
      { requestId, refusal: null },
      { ...facts, responseElements: responseElements(session) },
    );
    return { ok: true, session };
  }

  return {
    nodeSession,
    assumeRoleForPodIdentity,
    assumeRoleWithWebIdentity,
    assumeRole,
    byAccessKey: (accessKeyId) => issued.get(accessKeyId),
  };
}

function tagContext(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): Record<string, readonly string[]> {
  if (keys.length === 0) return {};
  return {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, [value]])),
    "aws:TagKeys": keys,
    "sts:TransitiveTagKeys": keys,
  };
}
