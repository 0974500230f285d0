import type { EventFacts } from "./context.ts";
import { kubeTime } from "./objects.ts";
import type { Random } from "./random.ts";
import type { Store } from "./store.ts";

/** The API server keeps events for an hour. */
const lifetimeMs = 3_600_000;
const maxEvents = 500;

/** Writes Event objects and drops those that a real cluster would no longer have. */
export function createEventRecorder(deps: { store: Store; now: () => Date; random: Random }) {
  return {
    record(event: EventFacts): void {
      const { about } = event;
      const at = kubeTime(deps.now());
      const namespace = about.metadata.namespace ?? "default";
      deps.store.create(
        {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: `${about.metadata.name}.${deps.random.hex(16)}`, namespace },
          involvedObject: {
            apiVersion: about.apiVersion,
            kind: about.kind,
            name: about.metadata.name,
            namespace,
            resourceVersion: about.metadata.resourceVersion,
            uid: about.metadata.uid,
          },
          reason: event.reason,
          message: event.message,
          source: { component: event.component, ...(event.host === undefined ? {} : { host: event.host }) },
          firstTimestamp: at,
          lastTimestamp: at,
          eventTime: null,
          count: 1,
          type: event.type,
          reportingComponent: event.component,
          reportingInstance: event.host ?? "",
        },
        { manager: event.component },
      );
    },
    expire(): void {
      const events = deps.store.list("events");
      const oldest = kubeTime(new Date(deps.now().getTime() - lifetimeMs));
      const byAge = [...events].sort((a, b) =>
        a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1,
      );
      const surplus = byAge.length - maxEvents;
      byAge.forEach((event, index) => {
        if (index < surplus || event.metadata.creationTimestamp < oldest) {
          deps.store.remove("events", event.metadata.namespace ?? "", event.metadata.name);
        }
      });
    },
  };
}
