import type { ClusterContext } from "../context.ts";
import type { Pod } from "../objects.ts";
import { resourceTypes } from "../resources.ts";
import { deletePod } from "./pods.ts";

/** Removes what belonged to an owner or a namespace that is gone. */
export function collectGarbage(context: ClusterContext): void {
  const uids = new Set(
    resourceTypes.flatMap((type) => context.store.list(type.key).map((object) => object.metadata.uid)),
  );
  for (const type of resourceTypes) {
    for (const object of context.store.list(type.key)) {
      const { namespace = "", name, ownerReferences = [] } = object.metadata;
      const orphaned = ownerReferences.length > 0 && ownerReferences.every((owner) => !uids.has(owner.uid));
      const homeless = type.namespaced && context.store.get("namespaces", "", namespace) === undefined;
      if (!orphaned && !homeless) continue;
      if (object.kind === "Pod" && !homeless) deletePod(context, object as Pod);
      else context.store.remove(type.key, namespace, name);
    }
  }
}
