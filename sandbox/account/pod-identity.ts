import type { JsonValue } from "../../src/core/json.ts";
import type { Account, NewTrailRecord } from "./account.ts";
import { trusts } from "./decisions.ts";
import type { PodIdentityAssociation, Refusal, Role, Session } from "./model.ts";
import { principalOfSession } from "./principals.ts";
import {
  assumeActions,
  defaultSeconds,
  podIdentitySeconds,
  refused,
  responseElements,
  type SessionStore,
  tagContext,
} from "./session-store.ts";
import type { AssumeRole, SessionParts } from "./sessions.ts";

type Request = Parameters<Account["assumeRoleForPodIdentity"]>[0];

const podIdentityService = "pods.eks.amazonaws.com";
const mayNotAssume = "Unauthorized Exception! EKS does not have permissions to assume the associated role.";

/**
 * eks-auth:AssumeRoleForPodIdentity, as the agent calls it with the node's credentials.
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html
 */
export function createPodIdentity(
  { options, ids, iam, eks, trail, calls, guards }: SessionParts,
  store: SessionStore,
  assumeRole: AssumeRole,
): Account["assumeRoleForPodIdentity"] {
  const { accountId, region } = options;

  /** Why there are no credentials, in the terms of the API; null: there are. */
  function refusalOf(
    request: Request,
    association: PodIdentityAssociation | undefined,
    session: Session | null,
    requestId: string,
    clusterArn: string,
  ): Refusal | null {
    const { cluster, namespace, serviceAccount } = request;
    if (eks.cluster(cluster) === undefined) {
      return refused(404, "ResourceNotFoundException", `No cluster found for name: ${cluster}.`, requestId);
    }
    if (association === undefined) {
      const message = `No pod identity association found for service account ${serviceAccount} in namespace ${namespace}.`;
      return refused(404, "ResourceNotFoundException", message, requestId);
    }
    const percent = packedPercent(association, request, clusterArn);
    if (percent > 100) {
      const message = `Packed size of session tags consumes ${percent}% of allotted space.`;
      return refused(400, "PackedPolicyTooLargeException", message, requestId);
    }
    return session === null ? refused(400, "AccessDeniedException", mayNotAssume, requestId) : null;
  }

  /** Null: EKS may not assume the role, or the role may not assume the target role. */
  function sessionFor(
    association: PodIdentityAssociation,
    request: Request,
    clusterArn: string,
  ): Session | null {
    const role = iam.role(association.roleArn);
    if (role === undefined) return null;
    const tags = association.disableSessionTags ? {} : sessionTags(request, clusterArn);
    const context = {
      "aws:SourceArn": [clusterArn],
      "aws:SourceAccount": [accountId],
      "aws:PrincipalIsAWSService": ["true"],
      "aws:PrincipalServiceName": [podIdentityService],
      ...tagContext(tags),
    };
    const trusted = assumeActions(tags).every((action) =>
      trusts(role, { service: podIdentityService }, action, context, guards),
    );
    if (!trusted) return null;

    const { policy, targetRoleArn, externalId } = association;
    const sessionPolicy = policy === null ? null : (JSON.parse(policy) as JsonValue);
    const sessionName = `eks-${request.cluster.slice(0, 10)}-${request.podName.slice(0, 10)}-${ids.uuid()}`;
    const session = store.issue(role, sessionName, {
      kind: "pod-identity",
      seconds: podIdentitySeconds,
      tags,
      transitiveTagKeys: Object.keys(tags),
      // With a target role the policy limits that one only.
      sessionPolicies:
        targetRoleArn === null && sessionPolicy !== null
          ? [{ name: "association", document: sessionPolicy }]
          : [],
    });
    trail.record(assumeRoleRecord(role, session));
    if (targetRoleArn === null) return session;

    const principal = principalOfSession(iam, session);
    if (principal === null) return null;
    const target = assumeRole(principal, {
      roleArn: targetRoleArn,
      sessionName,
      tags: {},
      transitiveTagKeys: [],
      externalId,
      durationSeconds: defaultSeconds,
      sessionPolicy,
      userAgent: podIdentityService,
    });
    return target.ok ? target.session : null;
  }

  /** The AssumeRole event that EKS leaves: the only place that gives the full pod name and uid of a session. */
  function assumeRoleRecord(role: Role, session: Session): NewTrailRecord {
    const tags = Object.entries(session.tags).map(([key, value]) => ({ key, value }));
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
        ...(tags.length === 0 ? {} : { tags, transitiveTagKeys: session.transitiveTagKeys }),
      },
      responseElements: responseElements(session),
      resources: [{ accountId, type: "AWS::IAM::Role", ARN: role.arn }],
    };
  }

  return (request) => {
    const node = principalOfSession(iam, request.nodeSession);
    if (node === null) {
      const message = "The security token included in the request is invalid.";
      return refused(400, "UnrecognizedClientException", message, ids.uuid());
    }
    const clusterArn = `arn:aws:eks:${region}:${accountId}:cluster/${request.cluster}`;
    const call = {
      action: "eks-auth:AssumeRoleForPodIdentity",
      resource: clusterArn,
      userAgent: "eks-pod-identity-agent/v0.1.37",
    };
    const { refusal: forbidden, requestId } = calls.authorize(node, call);
    const association = eks.association(request.cluster, request.namespace, request.serviceAccount);
    const fits = association !== undefined && packedPercent(association, request, clusterArn) <= 100;
    const session = forbidden === null && fits ? sessionFor(association, request, clusterArn) : null;
    const refusal = forbidden ?? refusalOf(request, association, session, requestId, clusterArn);
    // The event names no pod: its request id, which the agent hands to the application, is what leads to it.
    calls.record(
      node,
      call,
      { requestId, refusal },
      {
        requestParameters: { clusterName: request.cluster, token: "HIDDEN_DUE_TO_SECURITY_REASONS" },
        resources: [{ type: "AWS::EKS::Cluster", name: request.cluster }],
      },
    );
    if (refusal !== null) return refusal;
    if (session === null) throw new Error("Neither a session nor a refusal.");
    return { ok: true, session };
  };
}

/** Session tags and session policy share a space whose measure is not told; six tags of usual length take half of it. */
function packedPercent(
  { disableSessionTags, policy }: PodIdentityAssociation,
  request: Request,
  clusterArn: string,
): number {
  const tags = disableSessionTags ? {} : sessionTags(request, clusterArn);
  const length = Object.entries(tags).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return Math.round((length + (policy?.length ?? 0) / 4) / 4.6);
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html */
function sessionTags(request: Request, clusterArn: string): Readonly<Record<string, string>> {
  return {
    "eks-cluster-arn": clusterArn,
    "eks-cluster-name": request.cluster,
    "kubernetes-namespace": request.namespace,
    "kubernetes-service-account": request.serviceAccount,
    "kubernetes-pod-name": request.podName,
    "kubernetes-pod-uid": request.podUid,
  };
}
