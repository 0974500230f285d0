import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PolicyKind, parsePolicy } from "../../../src/core/iam/policy.ts";
import { allow, deny, type Json } from "./support.ts";

const doc = (Statement: unknown, more: Json = {}) => ({ Version: "2012-10-17", Statement, ...more });
const arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/Items";
const trust = (more: Json = {}): Json => ({
  Effect: "Allow",
  Principal: { Service: "pods.eks.amazonaws.com" },
  Action: ["sts:AssumeRole", "sts:TagSession"],
  ...more,
});

type Valid = readonly [what: string, kind: PolicyKind, document: unknown];

const valid: readonly Valid[] = [
  ["one statement without a list", "identity", doc(allow("dynamodb:Query", arn))],
  ["no version", "identity", { Statement: [allow("dynamodb:Query", arn)] }],
  ["an Id", "resource", doc([{ ...allow("s3:GetObject"), Principal: "*" }], { Id: "Policy 1" })],
  ["the text of a document", "identity", JSON.stringify(doc(allow("dynamodb:Query", arn)))],
  ["a text as IAM's API gives it", "identity", encodeURIComponent(JSON.stringify(doc(allow("s3:Get*"))))],
  [
    "empty Sids, as old Terraform writes them",
    "identity",
    doc([allow("s3:*", "*", { Sid: "" }), allow("s3:*", "*", { Sid: "" })]),
  ],
  [
    "a Sid with spaces in a key policy",
    "resource",
    doc({ ...allow("kms:*"), Principal: { AWS: "111122223333" }, Sid: "Enable IAM User Permissions" }),
  ],
  [
    "a resource policy without Resource",
    "resource",
    doc({ Effect: "Deny", Principal: "*", Action: "ecr:*" }),
  ],
  [
    "a resource in a service's own spelling",
    "resource",
    doc({ ...allow("execute-api:Invoke", "execute-api:/prod/*"), Principal: "*" }),
  ],
  ["NotAction and NotResource", "identity", doc({ Effect: "Deny", NotAction: "iam:*", NotResource: arn })],
  ["the beginning of an ARN", "identity", doc(allow("s3:*", ["arn:aws:s3:*", "arn:*"]))],
  ["a trust policy", "trust", doc(trust())],
  [
    "NotPrincipal with Deny",
    "resource",
    doc({ Effect: "Deny", NotPrincipal: { AWS: "111122223333" }, Action: "s3:*", Resource: "*" }),
  ],
  ["a deleted principal's id", "trust", doc(trust({ Principal: { AWS: `AROA${"EXAMPLE".repeat(2)}ABC` } }))],
  ["RCPFullAWSAccess", "rcp", doc({ ...allow("*"), Principal: "*" })],
];

type Invalid = readonly [what: string, kind: PolicyKind, document: unknown, place: string];

const invalid: readonly Invalid[] = [
  ["no object", "identity", [], "document"],
  ["null", "identity", null, "document"],
  ["a text that is not JSON", "identity", "{", "document"],
  ["a broken URL encoding", "identity", "%7B%ZZ", "document"],
  ["another version", "identity", doc([], { Version: "2012-10-18" }), "Version"],
  ["no statement", "identity", { Version: "2012-10-17" }, "Statement"],
  ["an unknown element of the policy", "identity", doc([], { Statements: [] }), "Statements"],
  ["a statement that is a text", "identity", doc(["Allow"]), "Statement[0]"],
  ["no effect", "identity", doc([allow("s3:*"), { Action: "s3:*", Resource: "*" }]), "Statement[1].Effect"],
  ["an effect in lower case", "identity", doc({ ...allow("s3:*"), Effect: "allow" }), "Statement.Effect"],
  ["no action", "identity", doc([{ Effect: "Allow", Resource: "*" }]), "Statement[0].Action"],
  [
    "Action and NotAction",
    "identity",
    doc([allow("s3:*", "*", { NotAction: "iam:*" })]),
    "Statement[0].NotAction",
  ],
  [
    "Resource and NotResource",
    "identity",
    doc([allow("s3:*", "*", { NotResource: "*" })]),
    "Statement[0].NotResource",
  ],
  [
    "an action without a service",
    "identity",
    doc([allow(["s3:GetObject", "GetObject"])]),
    "Statement[0].Action[1]",
  ],
  ["an action that is a number", "identity", doc([allow(7)]), "Statement[0].Action"],
  ["an empty action", "identity", doc([allow("")]), "Statement[0].Action"],
  ["no resource", "identity", doc([{ Effect: "Allow", Action: "s3:*" }]), "Statement[0].Resource"],
  [
    "a resource that is no ARN",
    "identity",
    doc([allow("s3:*", [arn, "my-bucket"])]),
    "Statement[0].Resource[1]",
  ],
  ["half an ARN", "identity", doc([allow("s3:*", "arn:aws:s3")]), "Statement[0].Resource"],
  [
    "a variable without an end",
    "identity",
    doc([allow("s3:*", "arn:aws:s3:::b/${aws:username")]),
    "Statement[0].Resource",
  ],
  ["an unknown element", "identity", doc([allow("s3:*", "*", { Resources: "*" })]), "Statement[0].Resources"],
  [
    "a principal in an identity policy",
    "identity",
    doc([allow("s3:*", "*", { Principal: "*" })]),
    "Statement[0].Principal",
  ],
  [
    "a principal in a service control policy",
    "scp",
    doc([deny("s3:*", "*", { Principal: "*" })]),
    "Statement[0].Principal",
  ],
  ["a Sid with a dash", "identity", doc([allow("s3:*", "*", { Sid: "my-sid" })]), "Statement[0].Sid"],
  [
    "a Sid that stands twice",
    "identity",
    doc([allow("s3:*", "*", { Sid: "A" }), deny("s3:*", "*", { Sid: "A" })]),
    "Statement[1].Sid",
  ],
  ["a Sid that is a number", "trust", doc([trust({ Sid: 1 })]), "Statement[0].Sid"],
  [
    "an unknown condition operator",
    "identity",
    doc([allow("s3:*", "*", { Condition: { StringEqual: { "aws:username": "a" } } })]),
    "Statement[0].Condition.StringEqual",
  ],
  [
    "no principal in a trust policy",
    "trust",
    doc([{ Effect: "Allow", Action: "sts:AssumeRole" }]),
    "Statement[0].Principal",
  ],
  ["a resource in a trust policy", "trust", doc([trust({ Resource: "*" })]), "Statement[0].Resource"],
  [
    "an action of another service in a trust policy",
    "trust",
    doc([trust({ Action: "s3:GetObject" })]),
    "Statement[0].Action",
  ],
  [
    "NotPrincipal in a trust policy",
    "trust",
    doc([{ Effect: "Deny", Action: "sts:AssumeRole", NotPrincipal: { AWS: "111122223333" } }]),
    "Statement[0].NotPrincipal",
  ],
  [
    "NotPrincipal with Allow",
    "resource",
    doc([{ Effect: "Allow", Action: "s3:*", NotPrincipal: { AWS: "111122223333" } }]),
    "Statement[0].NotPrincipal",
  ],
  [
    "an unknown kind of principal",
    "trust",
    doc([trust({ Principal: { Services: "ec2.amazonaws.com" } })]),
    "Statement[0].Principal.Services",
  ],
  ["an empty principal", "trust", doc([trust({ Principal: {} })]), "Statement[0].Principal"],
  [
    "a principal with a wildcard",
    "trust",
    doc([trust({ Principal: { AWS: ["111122223333", "arn:aws:iam::111122223333:role/*"] } })]),
    "Statement[0].Principal.AWS[1]",
  ],
  [
    "a principal that nobody can be",
    "resource",
    doc([{ ...allow("s3:*"), Principal: { AWS: "carts" } }]),
    "Statement[0].Principal.AWS",
  ],
  [
    "a principal in a resource control policy",
    "rcp",
    doc([{ ...deny("s3:*"), Principal: { AWS: "111122223333" } }]),
    "Statement[0].Principal",
  ],
  [
    "NotAction in a resource control policy",
    "rcp",
    doc([{ Effect: "Deny", Principal: "*", NotAction: "s3:*", Resource: "*" }]),
    "Statement[0].NotAction",
  ],
];

describe("parsePolicy", () => {
  it.each(valid)("takes %s", (_what, kind, document) => {
    const parsed = parsePolicy(document, kind);
    expect(parsed.ok ? null : parsed.error).toBeNull();
  });

  it.each(invalid)("refuses %s and says where", (_what, kind, document, place) => {
    const parsed = parsePolicy(document, kind);
    expect(parsed.ok ? null : parsed.error.place).toBe(place);
    if (!parsed.ok) expect(parsed.error.message).not.toBe("");
  });

  it.each<Valid>([
    ["an Id of an identity policy", "identity", doc([allow("s3:*")], { Id: "x" })],
    ["no statement at all", "identity", doc([])],
    ["no action", "identity", doc([allow([])])],
    ["no resource", "identity", doc([allow("s3:*", [])])],
    [
      "a key in two spellings",
      "identity",
      doc([allow("s3:*", "*", { Condition: { Bool: { "aws:x": "true", "AWS:X": "true" } } })]),
    ],
  ])("takes %s where it is in force, and refuses it where it is only written", (_what, kind, document) => {
    expect(parsePolicy(document, kind).ok).toBe(true);
    expect(parsePolicy(document, kind, "written").ok).toBe(false);
  });

  it("never throws", () => {
    const names = ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "Sid"];
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("Allow", "2012-10-17", "s3:*", "*", "${", "", null, 7, true),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 5 }),
      ),
    })).value;
    const kinds = ["identity", "resource", "trust", "scp", "rcp", "vpc-endpoint"] as const;
    fc.assert(
      fc.property(tree, fc.constantFrom(...kinds), (document, kind) => {
        const parsed = parsePolicy(document, kind);
        if (!parsed.ok) expect(parsed.error.place).not.toBe("");
        if (!parsed.ok) expect(parsePolicy(document, kind, "written").ok).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
