import { describe, expect, test } from "vitest";
import type { Evidence } from "../../../src/core/evidence.ts";
import { lookupsFor, wantedCalls } from "../../../src/core/trail/wanted.ts";
import { question } from "./event.ts";

const role = "arn:aws:iam::111122223333:role/apps/carts";
const before = "arn:aws:iam::111122223333:role/carts-before";
const target = "arn:aws:iam::444455556666:role/target";
const nodes = ["i-0123456789abcdef0", "i-0123456789abcdef1"] as const;

/** A pod on each node, carrying a role or nothing. */
function evidenceWith({
  annotation,
  association,
  carried = [],
}: {
  readonly annotation?: string;
  readonly association?: { readonly roleArn: string; readonly targetRoleArn: string | null };
  readonly carried?: readonly (string | null)[];
}): Evidence {
  const found = (value: unknown) => ({ status: "found", value, source: "test", at: "" });
  const pods = carried.map((roleArn, index) => ({
    name: `carts-${index}`,
    nodeName: `node-${index}`,
    containers: [
      {
        init: false,
        env:
          roleArn === null
            ? []
            : [
                { name: "AWS_ROLE_ARN", value: roleArn },
                { name: "AWS_WEB_IDENTITY_TOKEN_FILE", value: "/token" },
              ],
      },
    ],
  }));
  return {
    "k8s.pods": found({ pods, total: pods.length }),
    "k8s.nodes": found(nodes.map((instanceId, index) => ({ name: `node-${index}`, instanceId }))),
    "k8s.service-account": found({
      name: "carts",
      annotations: annotation === undefined ? {} : { "eks.amazonaws.com/role-arn": annotation },
    }),
    "eks.association":
      association === undefined ? { status: "absent", source: "test", at: "" } : found(association),
  } as unknown as Evidence;
}

const lookupsOf = (given: Parameters<typeof evidenceWith>[0], region = "us-west-2") =>
  lookupsFor(wantedCalls(evidenceWith(given), question), region).map(
    ({ key, value, region: where }) => `${key}=${value} in ${where}`,
  );

describe("one attribute a lookup", () => {
  test.each([
    ["nothing is configured, and no pod runs", {}, []],
    [
      "IRSA: its role, also where the global endpoint of STS writes",
      { annotation: ` ${role} `, carried: [role] },
      [`ResourceName=${role} in us-west-2`, `ResourceName=${role} in us-east-1`],
    ],
    [
      "IRSA, with a pod of before",
      { annotation: role, carried: [role, before] },
      [
        `ResourceName=${role} in us-west-2`,
        `ResourceName=${role} in us-east-1`,
        `ResourceName=${before} in us-west-2`,
      ],
    ],
    [
      "an annotation that is no role: no event can name it",
      { annotation: "carts" },
      ["EventName=AssumeRoleWithWebIdentity in us-west-2"],
    ],
    [
      "Pod Identity: the agent's calls name the cluster",
      { association: { roleArn: role, targetRoleArn: null } },
      ["ResourceName=eks-workshop in us-west-2"],
    ],
    [
      "with a target role: who assumes it",
      { association: { roleArn: role, targetRoleArn: target } },
      ["ResourceName=eks-workshop in us-west-2", `ResourceName=${target} in us-west-2`],
    ],
    [
      "no identity: the first node, by its session's name",
      { carried: [null, null] },
      [`Username=${nodes[0]} in us-west-2`],
    ],
  ] as const)("%s", (_name, given, lookups) => {
    expect(lookupsOf(given)).toEqual(lookups);
  });

  test("us-east-1 is asked once where it is the Region", () => {
    expect(lookupsOf({ annotation: role }, "us-east-1")).toEqual([`ResourceName=${role} in us-east-1`]);
  });

  test("however many roles pods carry, two are looked for", () => {
    const carried = [1, 2, 3, 4].map((one) => `${before}-${one}`);
    expect(wantedCalls(evidenceWith({ annotation: role, carried }), question).carriedRoles).toEqual(
      carried.slice(0, 2),
    );
  });
});
