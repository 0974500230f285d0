import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue } from "../src/core/json.ts";
import type { NamedDocument } from "./account/model.ts";
import { type Grant, grantsFromManifests } from "./cluster/rbac.ts";
import type { SandboxOptions } from "./sandbox.ts";

const deploy = join(import.meta.dirname, "../deploy");

/** What the product's own manifests grant: the sandbox enforces exactly these, so a missing permission shows here first. */
export async function deployedRights(): Promise<Required<Pick<SandboxOptions, "policies" | "rbac">>> {
  const [investigator, executor] = await Promise.all([rights("investigator"), rights("executor")]);
  return {
    policies: { investigator: investigator.policies, executor: executor.policies },
    rbac: { investigator: investigator.grants, executor: executor.grants },
  };
}

async function rights(role: "investigator" | "executor"): Promise<{
  policies: readonly NamedDocument[];
  grants: readonly Grant[];
}> {
  const [policy, manifests] = await Promise.all([
    readFile(join(deploy, `iam/${role}.json`), "utf8"),
    readFile(join(deploy, `rbac/${role}.yaml`), "utf8"),
  ]);
  const own = `arn:aws:iam::111122223333:role/eksiam-${role}`;
  const document: JsonValue = JSON.parse(policy.replaceAll("${ExecutorRoleArn}", own));
  return {
    policies: [{ name: role, document }],
    grants: grantsFromManifests([manifests], { namespace: "eksiam", name: `eksiam-${role}` }),
  };
}
