import type { LogErrorGroup } from "../../core/evidence.ts";
import type { LogSign } from "../../core/logs/signs.ts";
import type { ScannedError, ScannedSign } from "../../core/logs/stream.ts";

/** One log that was read, without its text. */
export interface ScannedLog {
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
  readonly lines: number;
  readonly errors: readonly ScannedError[];
  readonly signs: readonly ScannedSign[];
}

/** One list of signs over all logs, most frequent first. */
export function mergeLogSigns(logs: readonly ScannedLog[]): readonly LogSign[] {
  const merged = new Map<string, LogSign>();
  for (const { pod, container, signs } of logs) {
    for (const sign of signs) {
      const found = { ...sign, pods: [pod], containers: [container] };
      const known = merged.get(sign.sign);
      if (known === undefined) {
        merged.set(sign.sign, found);
        continue;
      }
      const newest = (found.lastSeen ?? "") > (known.lastSeen ?? "") ? found : known;
      merged.set(sign.sign, {
        ...newest,
        count: known.count + found.count,
        pods: union(known.pods, found.pods),
        containers: union(known.containers, found.containers),
      });
    }
  }
  return [...merged.values()].sort((a, b) => b.count - a.count || compare(a.sign, b.sign));
}

/**
 * One list of distinct errors over all logs, most frequent first. Errors are the same when everything that names the
 * fault is; request ids, excerpts and times differ from line to line, and the newest are kept.
 */
export function mergeLogErrors(logs: readonly ScannedLog[]): readonly LogErrorGroup[] {
  const merged = new Map<string, LogErrorGroup>();
  for (const { pod, container, errors } of logs) {
    for (const error of errors) {
      const key = identityOf(error);
      const found = { ...error, pods: [pod], containers: [container] };
      const known = merged.get(key);
      merged.set(key, known === undefined ? found : join(known, found));
    }
  }
  return [...merged.values()].sort((a, b) => b.count - a.count || compare(identityOf(a), identityOf(b)));
}

function identityOf(error: ScannedError): string {
  const { kind, principalArn, action, missingAction, resource, denyLayer, policyArn, sdk } = error;
  return JSON.stringify([kind, principalArn, action, missingAction, resource, denyLayer, policyArn, sdk]);
}

function join(a: LogErrorGroup, b: LogErrorGroup): LogErrorGroup {
  const newest = (b.lastSeen ?? "") > (a.lastSeen ?? "") ? b : a;
  return {
    ...newest,
    count: a.count + b.count,
    firstSeen: earliest(a.firstSeen, b.firstSeen),
    lastSeen: newest.lastSeen,
    pods: union(a.pods, b.pods),
    containers: union(a.containers, b.containers),
  };
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
