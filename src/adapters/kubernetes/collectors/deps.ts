import type { Clock } from "../../../app/ports.ts";
import type { KubernetesClient } from "../client.ts";

/** What every collector of this adapter works with. */
export interface CollectorDeps {
  readonly client: KubernetesClient;
  readonly clock: Clock;
}
