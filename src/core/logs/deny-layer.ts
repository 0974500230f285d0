import type { DenyLayer } from "./aws-error.ts";

/** What a denial says after the resource: why, and by which policy. */
export interface Reason {
  readonly denyLayer: DenyLayer | null;
  /** The action that no policy allows. */
  readonly missingAction: string | null;
  readonly policyArn: string | null;
}

const names =
  "identity-based|resource-based|service control|resource control|permissions? boundar(?:y|ies)|sessions?|VPC endpoint|role trust";
const implicit = new RegExp(
  `^.{0,60}?because no (${names})(?: polic(?:y|ies))?(?: allows? the ([A-Za-z0-9-]{2,40}: ?[A-Za-z0-9*]{1,80}) action)?`,
  "i",
);
const explicit = new RegExp(
  `^.{0,60}?with an explicit deny in (?:(?:an?|the) )?(${names})(?: polic(?:y|ies))?(?: transitively through a service control policy)?(?:: ?(arn:[^\\s,;)"']{1,400}))?`,
  "i",
);
const byArn = /^.{0,60}?with an explicit deny in (?:(?:an?|the) )?[^:]{0,40}:? ?(arn:[^\s,;)"']{1,400})/i;

/**
 * Reads the end of a denial, in the words of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function reasonOf(rest: string): Reason {
  const none = implicit.exec(rest);
  if (none !== null) {
    const missingAction = none[2]?.replace(" ", "") ?? null;
    return { denyLayer: layerNamed(none[1])?.implicit ?? null, missingAction, policyArn: null };
  }
  const denied = explicit.exec(rest);
  if (denied !== null) {
    const policyArn = denied[2]?.replace(/(?<![.:])[.:]+$/, "") ?? null;
    return { denyLayer: layerNamed(denied[1])?.explicit ?? null, missingAction: null, policyArn };
  }
  const arn = byArn.exec(rest)?.[1]?.replace(/(?<![.:])[.:]+$/, "") ?? null;
  return { denyLayer: arn === null ? null : layerOfPolicy(arn), missingAction: null, policyArn: arn };
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html */
function layerOfPolicy(arn: string): DenyLayer | null {
  if (/\/service_control_policy\//.test(arn)) return "scp";
  if (/\/resource_control_policy\//.test(arn)) return "rcp";
  return null;
}

type Layers = { readonly implicit: DenyLayer; readonly explicit: DenyLayer };
const same = (layer: DenyLayer): Layers => ({ implicit: layer, explicit: layer });

function layerNamed(words: string | undefined): Layers | undefined {
  const name = (words ?? "").toLowerCase();
  return layers.find(([start]) => name.startsWith(start))?.[1];
}

/** A role's trust policy is a policy on the role. */
const layers: readonly (readonly [string, Layers])[] = [
  ["identity", { implicit: "identity-based", explicit: "explicit-deny-identity-based" }],
  ["resource-based", { implicit: "resource-based", explicit: "explicit-deny-resource-based" }],
  ["role trust", { implicit: "resource-based", explicit: "explicit-deny-resource-based" }],
  ["service control", same("scp")],
  ["resource control", same("rcp")],
  ["permission", same("permissions-boundary")],
  ["session", same("session")],
  ["vpc endpoint", same("vpc-endpoint")],
];
