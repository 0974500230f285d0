import type { RecognisedError } from "./grammar.ts";

/**
 * One error told twice is one, also where only one of the two shows the SDK; the message that EC2 encodes and the request
 * id are new each time. In the order in which they were told first.
 */
export function toldOnce<E extends Omit<RecognisedError, "count">>(
  errors: Iterable<E>,
  join: (first: E, again: E) => E,
): E[] {
  const groups = new Map<string, E[]>();
  for (const error of errors) {
    const key = keyOf(error);
    groups.set(key, [...(groups.get(key) ?? []), error]);
  }
  return [...groups.values()].flatMap((group) => {
    const shown = group.find(({ sdk }) => sdk !== null)?.sdk ?? null;
    const bySdk = new Map<string | null, E>();
    for (const error of group) {
      const sdk = error.sdk ?? shown;
      const known = bySdk.get(sdk);
      bySdk.set(sdk, { ...(known === undefined ? error : join(known, error)), sdk });
    }
    return [...bySdk.values()];
  });
}

function keyOf(error: Omit<RecognisedError, "count">): string {
  const { kind, principalArn, principalKind, action, missingAction, resource, denyLayer, policyArn } = error;
  return JSON.stringify([
    kind,
    principalArn,
    principalKind,
    action,
    missingAction,
    resource,
    denyLayer,
    policyArn,
  ]);
}
