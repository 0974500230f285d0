import type { Account, AccountOptions } from "./account.ts";
import { createLimits, refusedBeforePolicies } from "./before-policies.ts";
import { type CallRequest, type Calls, createCalls } from "./calls.ts";
import { createEksState } from "./eks-state.ts";
import { createFaults } from "./faults.ts";
import { createIamState } from "./iam-state.ts";
import { createIds } from "./ids.ts";
import type { AccessKey, Caller } from "./model.ts";
import { createNetwork } from "./network.ts";
import { createOrganization } from "./organization.ts";
import { type Principal, principalOfCaller, principalOfSession } from "./principals.ts";
import { createResources } from "./resources.ts";
import { defaultSeconds } from "./session-store.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createTrail, type Trail } from "./trail.ts";
import { createTrailStores } from "./trail-stores.ts";

/** The account with what only its own servers use. */
export interface ServedAccount extends Account {
  readonly calls: Calls;
  readonly trail: Trail;
  readonly assumeRole: Sessions["assumeRole"];
  /** What the account knows of an access key: a caller's, or that of a session which it gave out. */
  credentials(accessKeyId: string): KnownCredentials | undefined;
}

export interface KnownCredentials {
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  readonly expired: boolean;
  /** Null: the role of the session is gone. */
  readonly principal: Principal | null;
}

/** An empty account. */
export function createAccount(options: AccountOptions): ServedAccount {
  const ids = createIds(`${options.accountId}/${options.region}`);
  const iam = createIamState(options, ids);
  const eks = createEksState(options, ids);
  const trailStores = createTrailStores(options, ids);
  const trail = createTrail(options, ids, trailStores);
  const { forgetRole, ...resources } = createResources(options);
  const network = createNetwork(options);
  const organization = createOrganization(options);
  const guards = { ...organization, ...resources, ...network };
  const calls = createCalls(options, ids, trail, guards);
  const limits = createLimits();
  const sessions = createSessions({ options, ids, iam, eks, trail, calls, guards, limits });
  const callers = new Map<string, Caller>();

  function call({ accessKeyId }: AccessKey, request: CallRequest): ReturnType<Account["call"]> {
    const { principal = null, expired = false } = credentials(accessKeyId) ?? {};
    if (principal === null || expired) {
      const code = expired ? "ExpiredTokenException" : "UnrecognizedClientException";
      const message = `The security token included in the request is ${expired ? "expired" : "invalid"}`;
      return { ok: false, status: 403, code, message, requestId: ids.uuid() };
    }
    const early = refusedBeforePolicies(request, {
      now: options.now(),
      region: options.region,
      resource: resources.resource(request.resource),
      throttled: limits.isThrottled(request.action, request.resource),
    });
    if (early !== null) return { ok: false, ...early, requestId: ids.uuid() };
    if (request.action === "sts:AssumeRole") {
      const assumed = sessions.assumeRole(principal, {
        roleArn: request.resource,
        sessionName: principal.arn.slice(principal.arn.lastIndexOf("/") + 1),
        tags: {},
        transitiveTagKeys: [],
        externalId: null,
        durationSeconds: request.durationSeconds ?? defaultSeconds,
        sessionPolicy: null,
        ...(request.userAgent === undefined ? {} : { userAgent: request.userAgent }),
      });
      return assumed.ok ? { ok: true, requestId: ids.uuid() } : assumed;
    }
    const outcome = calls.authorize(principal, request);
    calls.record(principal, request, outcome);
    return outcome.refusal ?? { ok: true, requestId: outcome.requestId };
  }

  function credentials(accessKeyId: string): KnownCredentials | undefined {
    const caller = callers.get(accessKeyId);
    if (caller !== undefined) {
      const { secretAccessKey, sessionToken } = caller;
      return { secretAccessKey, sessionToken, expired: false, principal: principalOfCaller(caller) };
    }
    const session = sessions.byAccessKey(accessKeyId);
    if (session === undefined) return undefined;
    const { secretAccessKey, sessionToken } = session;
    const expired = options.now().toISOString() >= session.expiresAt;
    return { secretAccessKey, sessionToken, expired, principal: principalOfSession(iam, session) };
  }

  return {
    accountId: options.accountId,
    lookupsPerSecond: options.lookupsPerSecond ?? 2,
    region: options.region,
    now: options.now,
    faults: createFaults(),
    ...iam,
    ...eks,
    ...guards,
    ...limits,
    deleteRole(nameOrArn) {
      const role = iam.role(nameOrArn);
      iam.deleteRole(nameOrArn);
      if (role !== undefined) forgetRole(role.arn, role.roleId);
    },
    addCaller(caller) {
      const added: Caller = { ...caller, sessionToken: caller.sessionToken ?? null };
      callers.set(caller.accessKeyId, added);
      return added;
    },
    caller: (accessKeyId) => callers.get(accessKeyId),
    nodeSession: sessions.nodeSession,
    assumeRoleForPodIdentity: sessions.assumeRoleForPodIdentity,
    assumeRoleWithWebIdentity: sessions.assumeRoleWithWebIdentity,
    call,
    recordEvent: (record) => trail.record(record),
    events: () => trail.events(),
    calls,
    trail,
    trailStores,
    assumeRole: sessions.assumeRole,
    credentials,
  };
}
