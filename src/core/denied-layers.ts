import type { Evidence, LogErrorGroup } from "./evidence.ts";
import { parseArn, roleOfArn } from "./iam/arn.ts";
import { expectedIdentity, isExpectedRole } from "./identity.ts";
import type { DenyLayer } from "./logs/aws-error.ts";
import type { Condition } from "./rule.ts";
import { currentErrors, deniedCalls, describeCall, listed } from "./subject.ts";

/** What a rule about one policy layer looks at first: cheap, and known for every question. */
const symptom = ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"] as const;

type Symptom = (typeof symptom)[number];

/**
 * Calls of the configured role that AWS says one of these layers refused, now. Only one layer is ever named:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function refusedBy(evidence: Evidence, layers: readonly DenyLayer[]): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    ({ principalArn, denyLayer }) =>
      principalArn !== null &&
      isExpectedRole(evidence, principalArn) &&
      denyLayer !== null &&
      layers.includes(denyLayer),
  );
}

/** The condition of a rule about these layers: a call of the configured role was refused there. */
export function whenRefusedBy(...layers: readonly DenyLayer[]): Condition<Symptom> {
  return {
    needs: symptom,
    holds: (evidence) =>
      refusedBy(evidence, layers).length > 0 || "no call of the configured role was refused by this layer",
  };
}

/** `arn:aws:iam::…:role/carts may not dynamodb:Query on …`, the start of every sentence about a layer. */
export function refusedCallsData(evidence: Evidence, refused: readonly LogErrorGroup[]) {
  return {
    role: expectedIdentity(evidence)?.roleArn ?? "",
    calls: listed(refused.map(describeCall)),
  };
}

/** The ARNs of the policies that AWS's newer texts name, with a word before; `none` where they name none. */
export function namedPolicies(refused: readonly LogErrorGroup[], none: string): string {
  const arns = refused.flatMap(({ policyArn }) => policyArn ?? []);
  return arns.length === 0 ? none : listed(arns);
}

/** The account that owns what a call was refused on, where it is another than the caller's; null: the same, or not told. */
export function foreignOwner(error: LogErrorGroup): string | null {
  const owner = error.resource === null ? undefined : parseArn(error.resource)?.accountId;
  const caller = error.principalArn === null ? undefined : parseArn(error.principalArn)?.accountId;
  return owner && caller && owner !== caller ? owner : null;
}

/** Name of the role that an ARN names, for commands; the ARN itself where it is none. */
export function roleNameOf(roleArn: string): string {
  return roleOfArn(roleArn)?.roleName ?? roleArn;
}
