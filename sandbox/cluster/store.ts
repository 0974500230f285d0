import { managedFieldsAfter } from "./managed-fields.ts";
import { type KubeObject, kubeTime, type NewObject } from "./objects.ts";
import type { Random } from "./random.ts";
import { type ResourceType, resourceType, resourceTypeOf } from "./resources.ts";
import { alreadyExists, notFound } from "./status.ts";

export interface WriteOptions {
  /** As `metadata.managedFields` names it. */
  readonly manager: string;
  readonly subresource?: "status";
  readonly apply?: boolean;
}

/** All objects of one cluster. What is handed out is never changed in place: a write replaces the object. */
export interface Store {
  get(key: string, namespace: string, name: string): KubeObject | undefined;
  /** In the order of namespace and name; without a namespace: of all. */
  list(key: string, namespace?: string): readonly KubeObject[];
  /** Throws `StatusError` when there is one of this name. */
  create(object: NewObject, write: WriteOptions): KubeObject;
  /** Applies `change` to a copy and stores it when it differs. Throws `StatusError` when there is none. */
  update(
    key: string,
    namespace: string,
    name: string,
    write: WriteOptions,
    change: (draft: KubeObject) => KubeObject | undefined,
  ): KubeObject;
  remove(key: string, namespace: string, name: string): void;
  /** Called after every write. */
  onWrite(listener: (type: ResourceType) => void): void;
  version(): string;
}

export function createStore(deps: { readonly now: () => Date; readonly random: Random }): Store {
  const objects = new Map<string, Map<string, KubeObject>>();
  /** Each kind's objects in order, until the next write. */
  const inOrder = new Map<string, readonly KubeObject[]>();
  const listeners: ((type: ResourceType) => void)[] = [];
  let version = 41_200;

  function kind(key: string): Map<string, KubeObject> {
    let map = objects.get(key);
    if (map === undefined) {
      map = new Map();
      objects.set(key, map);
    }
    return map;
  }

  function save(type: ResourceType, object: KubeObject): KubeObject {
    version += 1;
    object.metadata.resourceVersion = String(version);
    kind(type.key).set(`${object.metadata.namespace ?? ""}/${object.metadata.name}`, object);
    inOrder.delete(type.key);
    for (const listener of listeners) listener(type);
    return object;
  }

  function metadataForOutput(object: KubeObject): void {
    // The order in which people are used to read it; Go sorts the keys of its JSON.
    object.metadata = Object.fromEntries(
      Object.entries(object.metadata)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ) as unknown as KubeObject["metadata"];
  }

  return {
    get: (key, namespace, name) => kind(key).get(`${namespace}/${name}`),
    list(key, namespace) {
      let all = inOrder.get(key);
      if (all === undefined) {
        all = [...kind(key)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
        inOrder.set(key, all);
      }
      return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
    },
    create(object, write) {
      const type = resourceTypeOf(object);
      const given = structuredClone(object.metadata);
      const name = given.name ?? `${given.generateName ?? ""}${deps.random.suffix(5)}`;
      const namespace = type.namespaced ? given.namespace : undefined;
      if (kind(type.key).has(`${namespace ?? ""}/${name}`)) throw alreadyExists(type, name);
      const time = kubeTime(deps.now());
      const created: KubeObject = {
        ...structuredClone(object),
        metadata: {
          ...given,
          name,
          ...(namespace === undefined ? {} : { namespace }),
          uid: deps.random.uuid(),
          resourceVersion: "",
          creationTimestamp: given.creationTimestamp ?? time,
          ...(type.hasGeneration ? { generation: 1 } : {}),
        },
      };
      created.metadata.managedFields = managedFieldsAfter(null, created, {
        manager: write.manager,
        operation: write.apply === true ? "Apply" : "Update",
        time,
      });
      metadataForOutput(created);
      return save(type, created);
    },
    update(key, namespace, name, write, change) {
      const type = resourceType(key);
      const before = kind(key).get(`${namespace}/${name}`);
      if (before === undefined) throw notFound(type, name);
      const draft = structuredClone(before);
      const after = change(draft) ?? draft;
      if (JSON.stringify(after) === JSON.stringify(before)) return before;
      if (type.hasGeneration && JSON.stringify(after["spec"]) !== JSON.stringify(before["spec"])) {
        after.metadata.generation = (before.metadata.generation ?? 0) + 1;
      }
      after.metadata.managedFields = managedFieldsAfter(before, after, {
        manager: write.manager,
        operation: write.apply === true ? "Apply" : "Update",
        time: kubeTime(deps.now()),
        ...(write.subresource === undefined ? {} : { subresource: write.subresource }),
      });
      metadataForOutput(after);
      return save(type, after);
    },
    remove(key, namespace, name) {
      const type = resourceType(key);
      if (!kind(key).delete(`${namespace}/${name}`)) throw notFound(type, name);
      version += 1;
      inOrder.delete(type.key);
      for (const listener of listeners) listener(type);
    },
    onWrite(listener) {
      listeners.push(listener);
    },
    version: () => String(version),
  };
}
