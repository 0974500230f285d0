import { expect } from "vitest";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "../../../src/core/iam/policy.ts";

/** The IAM user guide, where most of the tables come from. */
export const guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/";

export type Json = Readonly<Record<string, unknown>>;

/** A policy of version 2012-10-17 with these statements. */
export function named(
  kind: PolicyKind,
  statements: Json | readonly Json[],
  name: string = kind,
): NamedPolicy {
  const parsed = parsePolicy({ Version: "2012-10-17", Statement: statements }, kind);
  expect(parsed.ok ? null : parsed.error).toBeNull();
  if (!parsed.ok) throw new Error(parsed.error.message);
  return { name, policy: parsed.value };
}

export const allow = (Action: unknown, Resource: unknown = "*", more: Json = {}): Json => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});

export const deny = (Action: unknown, Resource: unknown = "*", more: Json = {}): Json => ({
  ...allow(Action, Resource, more),
  Effect: "Deny",
});
