import { expect, test } from "vitest";
import { drawPath } from "../../../src/adapters/slack/path.ts";
import { diagnosis } from "./snapshots.ts";

test("the path names the service account between the workload and its identity", () => {
  const identity = { ...diagnosis.identity, serviceAccount: "carts-sa" };
  const path = drawPath({ ...diagnosis, identity }).mrkdwn;

  expect(path).toMatch(
    /^deployment `carts` → service account `carts-sa` → ✗ no identity configured → node role/,
  );
});

test("it leaves out a service account that was not seen", () => {
  const path = drawPath({ ...diagnosis, identity: { ...diagnosis.identity, serviceAccount: null } }).mrkdwn;

  expect(path).not.toContain("service account");
});
