/** What is known of a request, by condition key. Key names are not case-sensitive. */
export interface RequestContext {
  /** The values of a key (asked in lower case); undefined: the request does not carry it. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

const nothing: RequestContext = { values: new Map() };

/**
 * Joins what the caller gives with what the request itself shows; the caller's word wins. Keys without values count
 * as absent: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function requestContext(
  given: Readonly<Record<string, readonly string[]>>,
  derived: readonly (readonly [key: string, value: string])[] = [],
): RequestContext {
  const values = new Map<string, readonly string[]>();
  for (const [key, value] of derived) values.set(key, [value]);
  for (const key in given) {
    const list = given[key];
    if (list === undefined) continue;
    if (list.length > 0) values.set(key.toLowerCase(), list);
    else values.delete(key.toLowerCase());
  }
  return values.size === 0 ? nothing : { values };
}
