import type { EventSelector, TrailSource } from "../facts/trail.ts";
import { holdsManagementEvents } from "./coverage.ts";

/** What can be seen in a source of recorded calls, for the person who configures it. */
export function sightOf(source: TrailSource, selectors: readonly EventSelector[] | null): string {
  if (source.kind === "event-history") {
    return "shows management events, such as sts:AssumeRoleWithWebIdentity or kms:Decrypt, and never data events, such as dynamodb:Query or s3:GetObject";
  }
  if (selectors === null) {
    return source.kind === "log-group" && source.trail === null
      ? "what it shows is not known: name the trail that writes to it in the configuration"
      : "what it shows is not known, for its selectors could not be read";
  }
  const management = holdsManagementEvents({ source, selectors });
  const data = dataOf(selectors);
  const words = {
    yes: "management events",
    unknown: "some management events",
    no: "no management events (event history is read for these)",
  } as const;
  return `shows ${words[management]}, and ${data}`;
}

function dataOf(selectors: readonly EventSelector[]): string {
  const rules = selectors.filter(({ conditions }) =>
    conditions.some(({ field, values }) => field === "eventCategory" && values.includes("Data")),
  );
  const types = rules.flatMap(({ conditions }) =>
    conditions.flatMap(({ field, values }) => (field === "resources.type" ? values : [])),
  );
  if (types.length === 0) return "no data events";
  const narrowed = rules.some(({ conditions }) =>
    conditions.some(({ field }) => field !== "eventCategory" && field !== "resources.type"),
  );
  return `data events of ${[...new Set(types)].sort().join(", ")}${narrowed ? " (not all of them)" : ""}`;
}
