import {
  CancelQueryCommand,
  GetEventDataStoreCommand,
  GetEventSelectorsCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudtrail";
import type { PermissionCheck, TrailSight } from "../../../app/ports.ts";
import type { TrailSource } from "../../../core/facts/trail.ts";
import { lakeStatement } from "../../../core/trail/queries.ts";
import { nameOfSource } from "../../../core/trail/remarks.ts";
import { sightOf } from "../../../core/trail/sight.ts";
import type { AwsClients } from "../clients.ts";
import { openTrailStore } from "../trail/collector.ts";
import { nothing, tryOut } from "./verdict.ts";

/** Nobody's calls. */
const nobody = {
  annotatedRole: null,
  carriedRoles: [],
  associatedRoles: [],
  targetRole: null,
  cluster: nothing,
  subject: null,
  instanceIds: [],
};

/** What can be seen in a source, as far as its selectors may be read. */
export async function seeTrail(
  clients: AwsClients,
  source: TrailSource,
  clock: () => string,
  signal: AbortSignal,
): Promise<TrailSight> {
  const store = openTrailStore(clients, { source, sleep: async () => {} }, clock);
  const selectors = store === null ? null : await store.selectors(signal).catch(() => null);
  return { source: nameOfSource(source), shows: sightOf(source, selectors) };
}

/**
 * Tries every call by which recorded calls are read from a store, for a moment that has just passed, so that nothing is
 * scanned. Event history needs none: its one permission is tried with the others.
 * The permissions are those of deploy/iam/investigator-optional.json.
 */
export async function probeTrail(
  clients: AwsClients,
  source: TrailSource,
  clock: () => string,
  signal: AbortSignal,
): Promise<readonly PermissionCheck[]> {
  const options = { abortSignal: signal };
  const now = new Date(clock());
  if (source.kind === "event-history") return [];
  if (source.kind === "log-group") {
    const { trail, region } = source;
    const client = clients.cloudtrail(trail?.split(":")[3] ?? region);
    const store = openTrailStore(clients, { source, sleep: async () => {} }, clock);
    const checks = [
      tryOut("logs:FilterLogEvents", async () => store?.find(nobody, now, signal)),
      ...(trail === null
        ? []
        : [
            tryOut("cloudtrail:GetEventSelectors", () =>
              client.send(new GetEventSelectorsCommand({ TrailName: trail }), options),
            ),
          ]),
    ];
    return (await Promise.all(checks)).map(optional);
  }
  const { eventDataStore } = source;
  const client = clients.cloudtrail(eventDataStore.split(":")[3] ?? clients.region);
  const id = eventDataStore.slice(eventDataStore.lastIndexOf("/") + 1);
  let queryId: string | undefined;
  const started = await tryOut("cloudtrail:StartQuery", async () => {
    const QueryStatement = lakeStatement(id, nobody, now, now) ?? "";
    queryId = (await client.send(new StartQueryCommand({ QueryStatement }), options)).QueryId;
  });
  // Without a query these two are asked about one that is not there.
  const QueryId = queryId ?? "00000000-0000-4000-8000-000000000000";
  const read = await tryOut("cloudtrail:GetQueryResults", () =>
    client.send(new GetQueryResultsCommand({ QueryId }), options),
  );
  const others = await Promise.all([
    tryOut("cloudtrail:CancelQuery", () => client.send(new CancelQueryCommand({ QueryId }), options)),
    tryOut("cloudtrail:GetEventDataStore", () =>
      client.send(new GetEventDataStoreCommand({ EventDataStore: eventDataStore }), options),
    ),
  ]);
  return [started, read, ...others].map(optional);
}

function optional(check: PermissionCheck): PermissionCheck {
  return { ...check, manifest: "deploy/iam/investigator-optional.json" };
}
