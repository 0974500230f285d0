import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createContainerLog } from "../../../sandbox/cluster/logs.ts";
import { managedFieldsAfter } from "../../../sandbox/cluster/managed-fields.ts";
import type { KubeObject } from "../../../sandbox/cluster/objects.ts";
import { jsonPatch, mergePatch, strategicMergePatch } from "../../../sandbox/cluster/patch.ts";
import { grantsFromManifests, isAllowed, withoutPermission } from "../../../sandbox/cluster/rbac.ts";
import { parseFieldSelector, parseLabelSelector } from "../../../sandbox/cluster/selectors.ts";

describe("patches", () => {
  test.each([
    ["add", { op: "add", path: "/a/b", value: 1 }, { a: { b: 1 }, list: [1, 2] }],
    ["replace", { op: "replace", path: "/list/0", value: 9 }, { a: {}, list: [9, 2] }],
    ["remove", { op: "remove", path: "/list/1" }, { a: {}, list: [1] }],
    ["append", { op: "add", path: "/list/-", value: 3 }, { a: {}, list: [1, 2, 3] }],
    ["escaped keys", { op: "add", path: "/a/x~1y~0z", value: 1 }, { a: { "x/y~z": 1 }, list: [1, 2] }],
    ["move", { op: "move", from: "/list", path: "/moved" }, { a: {}, moved: [1, 2] }],
    ["copy", { op: "copy", from: "/list", path: "/a/copy" }, { a: { copy: [1, 2] }, list: [1, 2] }],
  ])("JSON patch: %s", (_, operation, expected) => {
    expect(jsonPatch({ a: {}, list: [1, 2] }, [operation])).toEqual(expected);
  });

  test.each([
    [{ op: "test", path: "/a", value: 2 }],
    [{ op: "replace", path: "/missing", value: 2 }],
    [{ op: "add", path: "/missing/deep", value: 2 }],
  ])("JSON patch that does not apply is refused: %j", (operation) => {
    expect(() => jsonPatch({ a: 1 }, [operation])).toThrow(/request/);
  });

  test("merge patch: null removes, lists are replaced", () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { b: null }, l: [3] })).toEqual({
      a: { c: 2 },
      l: [3],
    });
  });

  test("merging an object into itself changes nothing", () => {
    const json = fc.object({ withNullPrototype: false, values: [fc.string(), fc.integer(), fc.boolean()] });

    fc.assert(
      fc.property(json, (value) => {
        expect(mergePatch(value, value)).toEqual(value);
      }),
    );
  });

  test("strategic merge patch: list entries by their key, $patch removes one", () => {
    const target = {
      containers: [
        { name: "a", image: "1", env: [{ name: "X", value: "1" }] },
        { name: "b", image: "1" },
      ],
    };

    const patched = strategicMergePatch(target, {
      containers: [
        { name: "a", env: [{ name: "Y", value: "2" }] },
        { name: "b", $patch: "delete" },
        { name: "c", image: "3" },
      ],
    });

    expect(patched).toEqual({
      containers: [
        {
          name: "a",
          image: "1",
          env: [
            { name: "X", value: "1" },
            { name: "Y", value: "2" },
          ],
        },
        { name: "c", image: "3" },
      ],
    });
  });
});

describe("selectors", () => {
  const labels = { app: "carts", tier: "back" };

  test.each([
    ["app=carts", true],
    ["app==carts,tier=back", true],
    ["app!=carts", false],
    ["app in (orders, carts)", true],
    ["app notin (orders)", true],
    ["missing notin (x)", true],
    ["tier", true],
    ["!tier", false],
    ["!missing", true],
    ["", true],
  ])("labels: %s", (selector, expected) => {
    expect(parseLabelSelector(selector)(labels)).toBe(expected);
  });

  test("a field that cannot be selected by is a bad request", () => {
    expect(() => parseFieldSelector("Pod", "spec.unknown=x")).toThrow(
      "field label not supported: spec.unknown",
    );
  });
});

describe("RBAC", () => {
  const access = { verb: "get", group: "", resource: "pods", subresource: "", namespace: "carts", name: "p" };
  const grant = (namespace: string | null, rule: object) => [
    { namespace, rules: [{ verbs: ["get"], apiGroups: [""], ...rule }] },
  ];

  test.each([
    ["the resource", grant(null, { resources: ["pods"] }), access, true],
    ["another resource", grant(null, { resources: ["nodes"] }), access, false],
    [
      "a subresource is its own resource",
      grant(null, { resources: ["pods"] }),
      { ...access, subresource: "log" },
      false,
    ],
    ["the subresource", grant(null, { resources: ["pods/log"] }), { ...access, subresource: "log" }, true],
    ["in this namespace", grant("carts", { resources: ["pods"] }), access, true],
    ["in another namespace", grant("orders", { resources: ["pods"] }), access, false],
    [
      "a namespaced grant does not cover all namespaces",
      grant("carts", { resources: ["pods"] }),
      { ...access, namespace: "" },
      false,
    ],
    ["by name", grant(null, { resources: ["pods"], resourceNames: ["p"] }), access, true],
    ["by another name", grant(null, { resources: ["pods"], resourceNames: ["q"] }), access, false],
    [
      "a list has no name",
      grant(null, { resources: ["pods"], resourceNames: ["p"], verbs: ["list"] }),
      { ...access, verb: "list", name: "" },
      false,
    ],
  ])("%s", (_, grants, wanted, expected) => {
    expect(isAllowed(grants, wanted)).toBe(expected);
  });

  const manifests = `
kind: ClusterRole
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [pods, pods/log], verbs: [get, list] }]
---
kind: ClusterRoleBinding
metadata: { name: reader }
roleRef: { kind: ClusterRole, name: reader }
subjects: [{ kind: ServiceAccount, name: investigator, namespace: eksiam }]
`;

  test("grants are read from manifests by their bindings", () => {
    const grants = grantsFromManifests([manifests], { namespace: "eksiam", name: "investigator" });

    expect(isAllowed(grants, { ...access, subresource: "log" })).toBe(true);
    expect(() => grantsFromManifests([manifests], { namespace: "eksiam", name: "bot" })).toThrow(
      /bind no role/,
    );
  });

  test("one permission can be withheld, and nothing else goes with it", () => {
    const grants = grantsFromManifests([manifests], { namespace: "eksiam", name: "investigator" });

    const less = withoutPermission(grants, { verb: "list", group: "", resource: "pods" });

    expect(isAllowed(less, { ...access, verb: "list", name: "" })).toBe(false);
    expect(isAllowed(less, access)).toBe(true);
    expect(isAllowed(less, { ...access, verb: "list", subresource: "log" })).toBe(true);
  });
});

describe("container logs", () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  const log = createContainerLog();
  for (let second = 0; second < 10; second++) log.append(at(second), [`line ${second}`]);

  test.each([
    ["all", {}, 10],
    ["sinceTime", { sinceTime: at(7) }, 3],
    ["sinceSeconds", { sinceSeconds: 2 }, 2],
    ["tailLines", { tailLines: 4 }, 4],
    ["tailLines 0", { tailLines: 0 }, 0],
  ])("%s", (_, options, lines) => {
    expect(log.read(options, at(10)).split("\n").length - 1).toBe(lines);
  });

  test("limitBytes cuts, timestamps are those of the node", () => {
    expect(log.read({ limitBytes: 9 }, at(10))).toBe("line 0\nli");
    expect(log.read({ tailLines: 1, timestamps: true }, at(10))).toBe(
      "2026-01-01T00:00:09.000100000Z line 9\n",
    );
  });

  test("a log is bounded", () => {
    const small = createContainerLog(100);
    for (let round = 0; round < 500; round++) small.append(at(0), [`${round}`]);

    expect(small.lines().length).toBeLessThanOrEqual(125);
    expect(small.lines().at(-1)).toBe("499");
  });
});

test("a field passes to the manager who last wrote it", () => {
  const object = (caBundle: string): KubeObject => ({
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "x", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    webhooks: [{ name: "w", clientConfig: { caBundle, url: "u" } }],
  });
  const before = object("a");
  before.metadata.managedFields = managedFieldsAfter(null, before, {
    manager: "eks",
    operation: "Update",
    time: "1",
  });

  const after = managedFieldsAfter(before, object("b"), {
    manager: "kubectl-edit",
    operation: "Update",
    time: "2",
  });

  const clientConfig = (fields: object) => ({
    "f:webhooks": { 'k:{"name":"w"}': expect.objectContaining({ "f:clientConfig": fields }) },
  });
  expect(after).toMatchObject([
    { manager: "eks", time: "1", fieldsV1: clientConfig({ "f:url": {} }) },
    { manager: "kubectl-edit", time: "2", fieldsV1: clientConfig({ "f:caBundle": {} }) },
  ]);
});
