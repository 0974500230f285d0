import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions } from "./account.ts";
import type { Ids } from "./ids.ts";
import type { NamedDocument, Refusal, Role, Session, SessionKind } from "./model.ts";

/** EKS Auth and instance profiles give sessions of six hours, web identity and plain AssumeRole one hour. */
export const podIdentitySeconds = 21_600;
export const defaultSeconds = 3_600;

export interface SessionFacts {
  readonly kind: SessionKind;
  readonly seconds: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sessionPolicies?: readonly NamedDocument[];
  readonly federatedProvider?: string;
}

/** The temporary credentials that the account gave out. */
export interface SessionStore {
  issue(role: Role, sessionName: string, facts: SessionFacts): Session;
  byAccessKey(accessKeyId: string): Session | undefined;
}

export function createSessionStore({ accountId, now }: AccountOptions, ids: Ids): SessionStore {
  const issued = new Map<string, Session>();

  return {
    issue(role, sessionName, facts) {
      const issuedAt = now();
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
        issuedAt: issuedAt.toISOString(),
        expiresAt: new Date(issuedAt.getTime() + facts.seconds * 1000).toISOString(),
      };
      issued.set(session.accessKeyId, session);
      return session;
    },
    byAccessKey: (accessKeyId) => issued.get(accessKeyId),
  };
}

export function refused(status: number, code: string, message: string, requestId: string): Refusal {
  return { ok: false, status, code, message, requestId };
}

/** The condition keys of session tags. */
export function tagContext(tags: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, [value]])),
    "aws:TagKeys": keys,
    "sts:TransitiveTagKeys": keys,
  };
}

/** What assuming a role asks for: tags are a permission of their own. */
export function assumeActions(tags: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(tags).length === 0 ? ["sts:AssumeRole"] : ["sts:AssumeRole", "sts:TagSession"];
}

/** `responseElements` of an event that gave out credentials. */
export function responseElements(session: Session): { readonly [key: string]: JsonValue } {
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
