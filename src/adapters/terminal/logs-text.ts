import type { ScannedError } from "../../core/logs/stream.ts";
import { printable, type Style } from "./style.ts";

/** So many resources of one refused call are named. */
const maxResources = 5;

/** Errors that differ in nothing but their resource. */
interface Group {
  readonly error: ScannedError;
  readonly count: number;
  readonly resources: readonly string[];
}

/** Distinct errors with their counts, most telling first; everything from the log is made harmless. */
export function logErrorsText(errors: readonly ScannedError[], style: Style): string {
  if (errors.length === 0) return "No AWS credential or authorization error.\n";
  const groups = byCall(errors);
  const width = groups.reduce((widest, { count }) => Math.max(widest, String(count).length), 0);
  return groups.map((group) => block(group, width, style)).join("\n");
}

function byCall(errors: readonly ScannedError[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const error of errors) {
    const { kind, action, missingAction, principalArn, denyLayer, policyArn, sdk, resource } = error;
    const key = JSON.stringify([kind, action, missingAction, principalArn, denyLayer, policyArn, sdk]);
    const group = groups.get(key) ?? { error, count: 0, resources: [] };
    groups.set(key, {
      ...group,
      count: group.count + error.count,
      resources: resource === null ? group.resources : [...group.resources, resource],
    });
  }
  return [...groups.values()];
}

function block({ error, count, resources }: Group, width: number, style: Style): string {
  const { kind, action, missingAction, principalArn, principalKind, denyLayer, policyArn, sdk } = error;
  const [first, ...others] = resources;
  const call = missingAction ?? action;
  const on = first === undefined ? "" : ` on ${printable(first)}`;
  const more = others.length - maxResources + 1;
  const details = [
    ...others.slice(0, maxResources - 1).map((resource) => `and on ${printable(resource)}`),
    more > 0 ? `and on ${more} more (--output json names them)` : null,
    principalArn === null ? null : `as ${printable(principalArn)} (${principalKind})`,
    denyLayer === null
      ? null
      : `decided by ${denyLayer}${policyArn === null ? "" : ` ${printable(policyArn)}`}`,
    sdk === null ? null : `SDK ${sdk}`,
  ].filter((detail) => detail !== null);
  const indent = " ".repeat(width + 3);
  const lines = [
    `${String(count).padStart(width)} × ${style.red(kind)}${call === null ? "" : ` ${style.bold(printable(call))}${on}`}`,
    ...details.map((detail) => `${indent}${detail}`),
    `${indent}${style.dim(printable(error.excerpt))}`,
  ];
  return `${lines.join("\n")}\n`;
}
