import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AccessRequest, evaluate, type PolicyLayers } from "../../../src/core/iam/evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "../../../src/core/iam/policy.ts";

const accounts = ["111122223333", "444455556666"] as const;
const actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "sqs:SendMessage"] as const;
const actionPatterns = [...actions, "s3:*", "s3:Get*", "*", "kms:*", "s3:?etObject"] as const;
const resources = [
  "arn:aws:s3:::b/a",
  "arn:aws:s3:::b/a/c",
  "arn:aws:s3:::b",
  "arn:aws:kms:eu-west-1:111122223333:key/1",
  "arn:aws:sqs:eu-west-1:444455556666:q",
  "*",
] as const;
const resourcePatterns = [
  ...resources,
  "arn:aws:s3:::*",
  "arn:aws:s3:::b/*",
  "arn:aws:s3:::b/${aws:PrincipalTag/t}",
  "arn:aws:kms:*:*:key/*",
] as const;
const principals = [
  "arn:aws:sts::111122223333:assumed-role/r/s",
  "arn:aws:iam::111122223333:role/r",
  "arn:aws:iam::111122223333:user/u",
  "arn:aws:iam::111122223333:root",
  "arn:aws:sts::444455556666:assumed-role/r/s",
  "cloudtrail.amazonaws.com",
  "anonymous",
] as const;

const some = <T>(...of: readonly T[]) =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
const condition = fc.option(
  fc.record({
    operator: fc.constantFrom(
      "StringEquals",
      "StringNotEquals",
      "StringLike",
      "StringEqualsIfExists",
      "ForAllValues:StringEquals",
      "ForAnyValue:StringLike",
    ),
    key: fc.constantFrom("aws:PrincipalTag/t", "aws:SourceVpce", "aws:PrincipalAccount", "s3:prefix"),
    values: some("a", "b", "a*", "111122223333", "${aws:PrincipalTag/t}"),
  }),
  { nil: null },
);

interface Raw {
  readonly effect: "Allow" | "Deny";
  readonly notAction: boolean;
  readonly actions: readonly string[];
  readonly notResource: boolean;
  readonly resources: readonly string[];
  readonly condition: {
    readonly operator: string;
    readonly key: string;
    readonly values: readonly string[];
  } | null;
  readonly who: unknown;
}

const raw: fc.Arbitrary<Raw> = fc.record({
  effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
  notAction: fc.nat(9).map((n) => n === 0),
  actions: some(...actionPatterns),
  notResource: fc.nat(9).map((n) => n === 0),
  resources: some(...resourcePatterns),
  condition,
  who: fc.oneof(
    fc.constant("*"),
    fc.record({ AWS: some("*", ...accounts, ...principals.slice(0, 5)) }),
    fc.record({ Service: some("cloudtrail.amazonaws.com", "ec2.amazonaws.com") }),
  ),
});

function compile(kind: PolicyKind, statements: readonly Raw[], name: string): NamedPolicy {
  const document = {
    Version: "2012-10-17",
    Statement: statements.map((one) => ({
      Effect: one.effect,
      [one.notAction ? "NotAction" : "Action"]: one.actions,
      [one.notResource ? "NotResource" : "Resource"]: one.resources,
      ...(one.condition === null
        ? {}
        : { Condition: { [one.condition.operator]: { [one.condition.key]: one.condition.values } } }),
      ...(kind === "resource" || kind === "vpc-endpoint" ? { Principal: one.who } : {}),
    })),
  };
  const parsed = parsePolicy(document, kind);
  if (!parsed.ok) throw new Error(`${parsed.error.place}: ${parsed.error.message}`);
  return { name, policy: parsed.value };
}

const list = fc.array(raw, { maxLength: 4 });
const maybe = fc.option(list, { nil: null, freq: 1 });

/** Statements by layer, so that a property can change them before they are compiled. */
interface World {
  readonly identity: readonly Raw[];
  readonly boundary: readonly Raw[] | null;
  readonly session: readonly Raw[] | null;
  readonly scp: readonly Raw[] | null;
  readonly resource: readonly Raw[] | null;
  readonly endpoint: readonly Raw[] | null;
}

const world: fc.Arbitrary<World> = fc.record({
  identity: list,
  boundary: maybe,
  session: maybe,
  scp: maybe,
  resource: maybe,
  endpoint: maybe,
});
const layerNames = ["identity", "boundary", "session", "scp", "resource", "endpoint"] as const;

const request: fc.Arbitrary<AccessRequest> = fc.record({
  principal: fc.constantFrom(...principals),
  action: fc.constantFrom(...actions),
  resource: fc.constantFrom(...resources),
  resourceAccount: fc.constantFrom(...accounts),
  context: fc.dictionary(
    fc.constantFrom("aws:PrincipalTag/t", "aws:SourceVpce", "s3:prefix"),
    fc.array(fc.constantFrom("a", "b", "ab"), { minLength: 1, maxLength: 2 }),
  ),
});

function layersOf({ identity, boundary, session, scp, resource, endpoint }: World): PolicyLayers {
  const one = (kind: PolicyKind, statements: readonly Raw[] | null, name: string) =>
    statements === null ? null : [compile(kind, statements, name)];
  return {
    identityPolicies: [compile("identity", identity, "identity")],
    permissionsBoundary: one("identity", boundary, "boundary"),
    sessionPolicies: one("identity", session, "session"),
    serviceControlPolicies: scp === null ? null : [[compile("scp", scp, "scp")]],
    resourcePolicy: resource === null ? null : compile("resource", resource, "resource"),
    vpcEndpointPolicies: one("vpc-endpoint", endpoint, "endpoint"),
  };
}

const decide = (asked: AccessRequest, given: World) => evaluate(asked, layersOf(given)).decision;
const runs = { numRuns: 1_500 };
const layer = fc.constantFrom(...layerNames);

function change(
  given: World,
  name: (typeof layerNames)[number],
  to: (statements: readonly Raw[]) => readonly Raw[],
): World {
  const statements = given[name];
  return statements === null ? given : { ...given, [name]: to(statements) };
}

describe("evaluate", () => {
  it("never allows by a Deny that was added", () => {
    fc.assert(
      fc.property(request, world, layer, raw, (asked, given, name, statement) => {
        const before = decide(asked, given);
        const after = decide(
          asked,
          change(given, name, (all) => [...all, { ...statement, effect: "Deny" }]),
        );
        if (before !== "allowed") expect(after).not.toBe("allowed");
        if (before === "explicitDeny") expect(after).toBe("explicitDeny");
      }),
      runs,
    );
  });

  it("never denies by an Allow that was added", () => {
    fc.assert(
      fc.property(request, world, layer, raw, (asked, given, name, statement) => {
        const before = decide(asked, given);
        const after = decide(
          asked,
          change(given, name, (all) => [...all, { ...statement, effect: "Allow" }]),
        );
        if (before !== after) expect([before, after]).toEqual(["implicitDeny", "allowed"]);
      }),
      runs,
    );
  });

  it("never allows by an Allow that was taken away", () => {
    fc.assert(
      fc.property(request, world, layer, fc.nat(3), (asked, given, name, at) => {
        const after = decide(
          asked,
          change(given, name, (all) => all.filter((one, index) => one.effect === "Deny" || index !== at)),
        );
        if (decide(asked, given) !== "allowed") expect(after).not.toBe("allowed");
      }),
      runs,
    );
  });

  it("does not depend on the order of statements and policies", () => {
    fc.assert(
      fc.property(request, world, (asked, given) => {
        const turned = layerNames.reduce(
          (one, name) => change(one, name, (all) => [...all].reverse()),
          given,
        );
        const one = evaluate(asked, layersOf(given));
        const other = evaluate(asked, layersOf(turned));
        expect([other.decision, other.decidedBy, other.missingContext]).toEqual([
          one.decision,
          one.decidedBy,
          one.missingContext,
        ]);
        const split = {
          ...layersOf(given),
          identityPolicies: given.identity.map((statement, index) =>
            compile("identity", [statement], `p${index}`),
          ),
        };
        expect(evaluate(asked, split).decision).toBe(one.decision);
        expect(
          evaluate(asked, { ...split, identityPolicies: [...split.identityPolicies].reverse() }).decision,
        ).toBe(one.decision);
      }),
      runs,
    );
  });

  it("never allows less for a wider Action or Resource of an Allow", () => {
    fc.assert(
      fc.property(request, world, layer, fc.nat(3), fc.boolean(), (asked, given, name, at, action) => {
        const wider = change(given, name, (all) =>
          all.map((one, index) => {
            if (index !== at || one.effect !== "Allow") return one;
            return action
              ? { ...one, notAction: false, actions: ["*"] }
              : { ...one, notResource: false, resources: ["*"] };
          }),
        );
        if (decide(asked, given) === "allowed") expect(decide(asked, wider)).toBe("allowed");
      }),
      runs,
    );
  });

  it("never allows more for a layer that was added", () => {
    fc.assert(
      fc.property(
        request,
        world,
        fc.constantFrom("boundary", "session", "scp", "endpoint"),
        list,
        (asked, given, name, statements) => {
          const without = { ...given, [name]: null };
          if (decide(asked, without) !== "allowed")
            expect(decide(asked, { ...given, [name]: statements })).not.toBe("allowed");
        },
      ),
      runs,
    );
  });

  it("does not care how actions and context keys are spelled", () => {
    fc.assert(
      fc.property(request, world, (asked, given) => {
        const context = Object.fromEntries(
          Object.entries(asked.context).map(([key, values]) => [key.toUpperCase(), values]),
        );
        expect(decide({ ...asked, action: asked.action.toUpperCase(), context }, given)).toBe(
          decide(asked, given),
        );
      }),
      runs,
    );
  });

  it("gives the same answer twice, and to compiled policies that were asked before", () => {
    fc.assert(
      fc.property(request, request, world, (asked, another, given) => {
        const layers = layersOf(given);
        const first = evaluate(asked, layers);
        evaluate(another, layers);
        expect(evaluate(asked, layers)).toEqual(first);
        expect(evaluate(asked, layersOf(given))).toEqual(first);
        expect(JSON.parse(JSON.stringify(first))).toEqual(first);
      }),
      runs,
    );
  });

  it("reports every key that can change an answer", () => {
    const keys = ["aws:PrincipalTag/t", "aws:SourceVpce", "s3:prefix"] as const;
    fc.assert(
      fc.property(
        request,
        world,
        fc.constantFrom(...keys),
        fc.constantFrom("a", "b", "ab"),
        (asked, given, key, value) => {
          if (asked.context[key] !== undefined) return;
          const before = evaluate(asked, layersOf(given));
          const after = decide({ ...asked, context: { ...asked.context, [key]: [value] } }, given);
          if (after !== before.decision) expect(before.missingContext).toContain(key);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
