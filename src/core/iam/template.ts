import type { RequestContext } from "./context.ts";
import { compileMarked, markWildcards, type Wildcard } from "./wildcard.ts";

/** A policy's text with variables: `home/${aws:username}/*`. Literal parts hold marked wildcards. */
export interface Template {
  /** As written. */
  readonly source: string;
  readonly parts: readonly Part[];
  /** The compiled pattern where the text has no variable, else null. */
  readonly fixed: Wildcard | null;
  /** The marked text of `fixed`. */
  readonly marked: string | null;
}

type Part =
  | { readonly kind: "text"; readonly marked: string }
  | { readonly kind: "variable"; readonly key: string; readonly fallback: string | null };

/**
 * Reads a text with policy variables, defaults (`${key, 'default'}`) and the escapes `${*}`, `${?}`, `${$}`.
 * Only version 2012-10-17 knows variables; before it, `${` is text.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function parseTemplate(source: string, variables: boolean): Template | { readonly error: string } {
  if (!variables || !source.includes("${")) return fixedTemplate(source);
  const parts: Part[] = [];
  let marked = "";
  let at = 0;
  for (;;) {
    const start = source.indexOf("${", at);
    if (start < 0) break;
    const end = source.indexOf("}", start);
    if (end < 0) return { error: `the policy variable in "${source}" has no closing brace` };
    marked += markWildcards(source.slice(at, start));
    at = end + 1;
    const inside = source.slice(start + 2, end);
    if (inside === "*" || inside === "?" || inside === "$") {
      marked += inside;
      continue;
    }
    const variable = parseVariable(inside);
    if (variable === null) return { error: `"\${${inside}}" is not a policy variable` };
    if (marked !== "") parts.push({ kind: "text", marked });
    marked = "";
    parts.push(variable);
  }
  marked += markWildcards(source.slice(at));
  if (marked !== "") parts.push({ kind: "text", marked });
  const single =
    parts.length === 0 ? "" : parts.length === 1 && parts[0]?.kind === "text" ? parts[0].marked : null;
  return { source, parts, fixed: single === null ? null : compileMarked(single), marked: single };
}

function fixedTemplate(source: string): Template {
  const marked = markWildcards(source);
  return { source, parts: [{ kind: "text", marked }], fixed: compileMarked(marked), marked };
}

function parseVariable(inside: string): Part | null {
  const comma = inside.indexOf(",");
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim();
  if (key === "" || key.includes("${")) return null;
  if (comma < 0) return { kind: "variable", key, fallback: null };
  const fallback = inside.slice(comma + 1).trim();
  if (fallback.length < 2 || !fallback.startsWith("'") || !fallback.endsWith("'")) return null;
  return { kind: "variable", key, fallback: fallback.slice(1, -1) };
}

/**
 * The text with its variables filled in, wildcards still marked. Values are literal: a star in a tag is no wildcard.
 * Null where a variable has neither one value nor a default; the keys that the request lacks are added to `missing`.
 */
export function fillTemplate(template: Template, context: RequestContext, missing: string[]): string | null {
  if (template.marked !== null) return template.marked;
  let marked = "";
  let complete = true;
  for (const part of template.parts) {
    if (part.kind === "text") {
      marked += part.marked;
      continue;
    }
    const values = context.values.get(part.key.toLowerCase());
    const value = values?.length === 1 ? values[0] : undefined;
    if (values === undefined) missing.push(part.key);
    if (value !== undefined) marked += value;
    else if (part.fallback !== null && values === undefined) marked += part.fallback;
    else complete = false;
  }
  return complete ? marked : null;
}
