import type { ScannedError } from "../../core/logs/stream.ts";
import { printable, type Style } from "./style.ts";

/** Distinct errors with their counts, most telling first; everything from the log is made harmless. */
export function logErrorsText(errors: readonly ScannedError[], style: Style): string {
  if (errors.length === 0) return "No AWS credential or authorization error.\n";
  const width = Math.max(...errors.map(({ count }) => String(count).length));
  return errors.map((error) => block(error, width, style)).join("\n");
}

function block(error: ScannedError, width: number, style: Style): string {
  const { kind, action, missingAction, resource, principalArn, principalKind, denyLayer, policyArn, sdk } =
    error;
  const call = missingAction ?? action;
  const what =
    call === null
      ? ""
      : ` ${style.bold(printable(call))}${resource === null ? "" : ` on ${printable(resource)}`}`;
  const details = [
    principalArn === null ? null : `as ${printable(principalArn)} (${principalKind})`,
    denyLayer === null
      ? null
      : `decided by ${denyLayer}${policyArn === null ? "" : ` ${printable(policyArn)}`}`,
    sdk === null ? null : `SDK ${sdk}`,
  ].filter((detail) => detail !== null);
  const indent = " ".repeat(width + 3);
  const lines = [
    `${String(error.count).padStart(width)} × ${style.red(kind)}${what}`,
    ...details.map((detail) => `${indent}${detail}`),
    `${indent}${style.dim(printable(error.excerpt))}`,
  ];
  return `${lines.join("\n")}\n`;
}
