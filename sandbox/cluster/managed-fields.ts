import type { FieldTree, KubeObject, ManagedFieldsEntry } from "./objects.ts";

/** Fields that the API server itself writes: nobody manages them. */
const unmanaged = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "name",
  "namespace",
  "generateName",
]);

/** Lists whose entries are managed one by one, and the field that names them. */
const listKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  webhooks: "name",
  conditions: "type",
  ownerReferences: "uid",
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of `after` that `before` does not have with the same value. */
function changedFields(before: unknown, after: unknown, field = ""): FieldTree | null {
  if (JSON.stringify(before) === JSON.stringify(after)) return null;
  if (isObject(after)) {
    const present = isObject(before) ? before : {};
    return collect(
      Object.entries(after).map(([name, value]) => [`f:${name}`, changedFields(present[name], value, name)]),
    );
  }
  const key = listKeys[field];
  if (Array.isArray(after) && key !== undefined && after.every((entry) => isObject(entry) && key in entry)) {
    const present = Array.isArray(before) ? before : [];
    return collect(
      after.map((entry) => {
        const id = entry[key];
        const same = present.find((candidate) => isObject(candidate) && candidate[key] === id);
        const changed = changedFields(same, entry);
        const fields = changed !== null && same === undefined ? { ".": {}, ...changed } : changed;
        return [`k:${JSON.stringify({ [key]: id })}`, fields];
      }),
    );
  }
  return {};
}

function collect(entries: readonly (readonly [string, FieldTree | null])[]): FieldTree {
  return Object.fromEntries(entries.filter((entry): entry is [string, FieldTree] => entry[1] !== null));
}

function union(a: FieldTree, b: FieldTree): FieldTree {
  const result: FieldTree = { ...a };
  for (const [key, tree] of Object.entries(b)) result[key] = union(result[key] ?? {}, tree);
  return result;
}

/** `a` without the leaves of `b`; null when nothing remains. */
function subtract(a: FieldTree, b: FieldTree): FieldTree | null {
  const result: FieldTree = {};
  for (const [key, tree] of Object.entries(a)) {
    const taken = b[key];
    if (taken === undefined) result[key] = tree;
    else if (Object.keys(tree).length > 0) {
      const rest = subtract(tree, taken);
      if (rest !== null) result[key] = rest;
    }
  }
  return Object.keys(result).length === 0 ? null : result;
}

function managedPart(object: KubeObject): Record<string, unknown> {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = object;
  const meta = Object.fromEntries(Object.entries(metadata).filter(([name]) => !unmanaged.has(name)));
  return { ...(Object.keys(meta).length === 0 ? {} : { metadata: meta }), ...rest };
}

export interface Write {
  readonly manager: string;
  readonly operation: ManagedFieldsEntry["operation"];
  readonly time: string;
  readonly subresource?: string;
}

/**
 * The `metadata.managedFields` after a write: the fields that changed pass to its manager, with its time.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export function managedFieldsAfter(
  before: KubeObject | null,
  after: KubeObject,
  write: Write,
): ManagedFieldsEntry[] {
  const present = before?.metadata.managedFields ?? [];
  const changed = changedFields(before === null ? {} : managedPart(before), managedPart(after));
  if (changed === null || Object.keys(changed).length === 0) return present;

  const own = (entry: ManagedFieldsEntry) =>
    entry.manager === write.manager &&
    entry.operation === write.operation &&
    entry.subresource === write.subresource;
  const others = present.flatMap((entry) => {
    if (own(entry)) return [];
    const rest = subtract(entry.fieldsV1, changed);
    return rest === null ? [] : [{ ...entry, fieldsV1: rest }];
  });
  const mine = present.find(own);
  return [
    ...others,
    {
      manager: write.manager,
      operation: write.operation,
      apiVersion: after.apiVersion,
      time: write.time,
      fieldsType: "FieldsV1",
      fieldsV1: union(mine?.fieldsV1 ?? {}, changed),
      ...(write.subresource === undefined ? {} : { subresource: write.subresource }),
    },
  ];
}
