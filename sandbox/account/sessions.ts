import type { JsonValue } from "../../src/core/json.ts";
import type { Account, AccountOptions } from "./account.ts";
import type { LimitState } from "./before-policies.ts";
import type { Calls } from "./calls.ts";
import { type Guards, trusts } from "./decisions.ts";
import type { IamState } from "./iam-state.ts";
import type { Ids } from "./ids.ts";
import type { Refusal, Session } from "./model.ts";
import { createPodIdentity } from "./pod-identity.ts";
import type { Principal } from "./principals.ts";
import {
  assumeActions,
  createSessionStore,
  podIdentitySeconds,
  refused,
  responseElements,
  type SessionStore,
  tagContext,
} from "./session-store.ts";
import type { Trail } from "./trail.ts";
import { createWebIdentity } from "./web-identity.ts";

export interface AssumeRoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly externalId: string | null;
  readonly durationSeconds: number;
  readonly sessionPolicy: JsonValue | null;
  readonly userAgent?: string;
  /** The id under which the answer goes out; one is made up without. */
  readonly requestId?: string;
}

/** sts:AssumeRole by a principal: its own policies and the role's trust policy decide. */
export type AssumeRole = (
  principal: Principal,
  request: AssumeRoleRequest,
) => { readonly ok: true; readonly session: Session } | Refusal;

export interface Sessions
  extends Pick<Account, "nodeSession" | "assumeRoleForPodIdentity" | "assumeRoleWithWebIdentity"> {
  readonly assumeRole: AssumeRole;
  byAccessKey(accessKeyId: string): Session | undefined;
}

export interface SessionParts {
  readonly options: AccountOptions;
  readonly ids: Ids;
  readonly iam: IamState;
  readonly eks: Pick<Account, "cluster" | "association">;
  readonly trail: Trail;
  readonly calls: Calls;
  readonly guards: Guards;
  readonly limits: Pick<LimitState, "isThrottled">;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
const longestChainedSeconds = 3_600;

/** Everything that gives out temporary credentials. */
export function createSessions(parts: SessionParts): Sessions {
  const { options, ids, iam } = parts;
  const store = createSessionStore(options, ids);
  const assumeRole = createAssumeRole(parts, store);

  return {
    nodeSession({ instanceId, nodeRoleArn }) {
      const role = iam.role(nodeRoleArn);
      if (role === undefined)
        throw new Error(`There is no role ${nodeRoleArn}: the node has no credentials.`);
      return store.issue(role, instanceId, { kind: "instance-profile", seconds: podIdentitySeconds });
    },
    assumeRoleForPodIdentity: createPodIdentity(parts, store, assumeRole),
    assumeRoleWithWebIdentity: createWebIdentity(parts, store),
    assumeRole,
    byAccessKey: store.byAccessKey,
  };
}

function createAssumeRole({ ids, iam, calls, guards }: SessionParts, store: SessionStore): AssumeRole {
  return (principal, request) => {
    const { roleArn, sessionName } = request;
    const role = iam.role(roleArn);
    const inherited = principal.transitiveTagKeys.map((key) => [key, principal.tags[key] ?? ""]);
    const tags: Readonly<Record<string, string>> = { ...request.tags, ...Object.fromEntries(inherited) };
    const context = {
      ...tagContext(tags),
      "sts:RoleSessionName": [sessionName],
      ...(request.externalId === null ? {} : { "sts:ExternalId": [request.externalId] }),
    };
    const facts = {
      requestParameters: { roleArn, roleSessionName: sessionName, durationSeconds: request.durationSeconds },
      resources: [{ type: "AWS::IAM::Role", name: roleArn }],
    };
    const { userAgent } = request;
    const recorded = {
      action: "sts:AssumeRole",
      resource: roleArn,
      ...(userAgent === undefined ? {} : { userAgent }),
    };
    const requestId = request.requestId ?? ids.uuid();
    const chained = principal.policyArn.includes(":role/");
    if (chained && request.durationSeconds > longestChainedSeconds) {
      const message =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
      return refused(400, "ValidationError", message, requestId);
    }

    for (const action of assumeActions(tags)) {
      const { refusal } = calls.authorize(principal, { action, resource: roleArn, context });
      const trusted =
        role !== undefined && trusts(role, { principal: principal.policyArn }, action, context, guards);
      if (refusal === null && trusted) continue;
      const because = role === undefined ? "" : ` because no role trust policy allows the ${action} action`;
      const sentence = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${roleArn}${because}`;
      const answer = refused(403, "AccessDenied", refusal?.message ?? sentence, requestId);
      calls.record(principal, recorded, { requestId, refusal: answer }, facts);
      return answer;
    }
    // Trusted above: the role is there.
    if (role === undefined) throw new Error(`There is no role ${roleArn}.`);
    const session = store.issue(role, sessionName, {
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
  };
}
