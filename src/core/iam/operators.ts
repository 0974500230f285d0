/** What an operator compares and how. */
export interface Operator {
  readonly family: "string" | "arn" | "number" | "date" | "boolean" | "binary" | "address" | "null";
  readonly compare: Comparison;
  readonly negated: boolean;
}

export type Comparison =
  | "equal"
  | "equal-ignoring-case"
  | "like"
  | "less"
  | "less-or-equal"
  | "greater"
  | "greater-or-equal"
  | "in";

function operator(family: Operator["family"], compare: Comparison, negated = false): Operator {
  return { family, compare, negated };
}

/**
 * All condition operators, by lower-case name.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
const operators: ReadonlyMap<string, Operator> = new Map([
  ["stringequals", operator("string", "equal")],
  ["stringnotequals", operator("string", "equal", true)],
  ["stringequalsignorecase", operator("string", "equal-ignoring-case")],
  ["stringnotequalsignorecase", operator("string", "equal-ignoring-case", true)],
  ["stringlike", operator("string", "like")],
  ["stringnotlike", operator("string", "like", true)],
  // Equals and Like behave alike for ARNs: both know wildcards.
  ["arnequals", operator("arn", "like")],
  ["arnnotequals", operator("arn", "like", true)],
  ["arnlike", operator("arn", "like")],
  ["arnnotlike", operator("arn", "like", true)],
  ["numericequals", operator("number", "equal")],
  ["numericnotequals", operator("number", "equal", true)],
  ["numericlessthan", operator("number", "less")],
  ["numericlessthanequals", operator("number", "less-or-equal")],
  ["numericgreaterthan", operator("number", "greater")],
  ["numericgreaterthanequals", operator("number", "greater-or-equal")],
  ["dateequals", operator("date", "equal")],
  ["datenotequals", operator("date", "equal", true)],
  ["datelessthan", operator("date", "less")],
  ["datelessthanequals", operator("date", "less-or-equal")],
  ["dategreaterthan", operator("date", "greater")],
  ["dategreaterthanequals", operator("date", "greater-or-equal")],
  ["bool", operator("boolean", "equal")],
  ["binaryequals", operator("binary", "equal")],
  ["ipaddress", operator("address", "in")],
  ["notipaddress", operator("address", "in", true)],
  ["null", operator("null", "equal")],
]);

export interface OperatorUse extends Operator {
  readonly quantifier: "ForAllValues" | "ForAnyValue" | null;
  readonly ifExists: boolean;
}

/**
 * Reads an operator's name with its set prefix and `IfExists`; null: AWS has no such operator. `Null` takes no
 * `IfExists`: it asks for the key's presence itself.
 */
export function readOperator(name: string): OperatorUse | null {
  const lower = name.toLowerCase();
  const colon = lower.indexOf(":");
  const prefix = colon < 0 ? null : lower.slice(0, colon);
  if (prefix !== null && prefix !== "forallvalues" && prefix !== "foranyvalue") return null;
  const rest = lower.slice(colon + 1);
  const ifExists = rest.endsWith("ifexists");
  const found = operators.get(ifExists ? rest.slice(0, -"ifexists".length) : rest);
  if (found === undefined || (found.family === "null" && ifExists)) return null;
  const quantifier = prefix === null ? null : prefix === "forallvalues" ? "ForAllValues" : "ForAnyValue";
  return { ...found, quantifier, ifExists };
}
