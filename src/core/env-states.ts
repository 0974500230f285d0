import type { EnvVar } from "./evidence.ts";
import type { EnvState, EnvStates } from "./plan.ts";
import { isCensored } from "./redact.ts";

/** What a container's environment says of these variables, in the terms of a change. No value of a secret is in it. */
export function envStates(env: readonly EnvVar[], names: readonly string[]): EnvStates {
  const byName = new Map(env.map((variable) => [variable.name, variable]));
  return Object.fromEntries(names.map((name) => [name, stateOf(byName.get(name))]));
}

function stateOf(variable: EnvVar | undefined): EnvState {
  if (variable === undefined) return null;
  if (variable.from !== "literal") return { from: variable.from };
  return variable.value === null || isCensored(variable.value)
    ? { from: "hidden" }
    : { value: variable.value };
}
