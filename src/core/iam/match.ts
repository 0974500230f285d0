import { holds } from "./conditions.ts";
import type { RequestContext } from "./context.ts";
import type { Policy, Statement } from "./policy.ts";
import { type Caller, type Grant, grantOf } from "./principals.ts";
import { fillTemplate, type Template } from "./template.ts";
import { compileMarked, matchWildcard } from "./wildcard.ts";

/** A request, read once for all statements. */
export interface Asked {
  /** In lower case: actions are not case-sensitive. */
  readonly action: string;
  /** As it was asked. */
  readonly actionText: string;
  readonly resource: string;
  readonly caller: Caller;
  /** Whether a permissions boundary is attached to the caller. */
  readonly bounded: boolean;
  readonly context: RequestContext;
}

/** Does the statement's Action (or NotAction) take in the action, given in lower case? */
export function actionMatches(statement: Statement, action: string): boolean {
  const { not, patterns } = statement.actions;
  for (const pattern of patterns) {
    if (matchWildcard(pattern, action)) return !not;
  }
  return not;
}

const actionIndexes = new WeakMap<Policy, Map<string, readonly Statement[]>>();
const indexedActions = 1_000;

/**
 * The statements of a policy whose Action takes in the action, in their order. Remembered for each policy, so that
 * repeated questions about the same action do not read all statements again; the memory changes no answer.
 */
export function statementsFor(policy: Policy, action: string): readonly Statement[] {
  let index = actionIndexes.get(policy);
  if (index === undefined) {
    index = new Map();
    actionIndexes.set(policy, index);
  }
  const known = index.get(action);
  if (known !== undefined) return known;
  const found = policy.statements.filter((statement) => actionMatches(statement, action));
  if (index.size >= indexedActions) index.clear();
  index.set(action, found);
  return found;
}

/**
 * How the statement names the caller, where resource and conditions fit too; its Action is taken as fitting. Keys that
 * the request lacks and that could change the answer are added to `missing`.
 */
export function grantBy(statement: Statement, asked: Asked, missing: string[]): Grant {
  const grant =
    statement.principals === null ? "direct" : grantOf(statement.principals, asked.caller, asked.bounded);
  if (grant === "none") return grant;
  const before = missing.length;
  if (!resourceMatches(statement, asked, missing)) return "none";
  return conditionsHold(statement, asked, missing, before) ? grant : "none";
}

/** Does the statement's Resource (or NotResource) take in the resource? No such element: it is about any. */
export function resourceMatches(statement: Statement, asked: Asked, missing: string[]): boolean {
  if (statement.resources === null) return true;
  const { not, templates } = statement.resources;
  for (const template of templates) {
    if (templateMatches(template, asked, missing)) return !not;
  }
  return not;
}

function templateMatches(template: Template, { resource, context }: Asked, missing: string[]): boolean {
  if (template.fixed !== null) return matchWildcard(template.fixed, resource);
  const marked = fillTemplate(template, context, missing);
  return marked !== null && matchWildcard(compileMarked(marked), resource);
}

/** What a condition that fails for certain made irrelevant is taken back from `missing`, down to `before`. */
function conditionsHold(statement: Statement, asked: Asked, missing: string[], before: number): boolean {
  let all = true;
  for (const condition of statement.conditions) {
    const known = missing.length;
    if (holds(condition, asked.context, missing)) continue;
    if (missing.length === known) {
      missing.length = before;
      return false;
    }
    all = false;
  }
  return all;
}
