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
  // The investigator may see what is optional too, so that stories can be about it.
  const names = role === "investigator" ? [role, "investigator-optional"] : [role];
  const read = (path: string) => readFile(join(deploy, path), "utf8");
  const documents = await Promise.all(names.map((name) => read(`iam/${name}.json`)));
  const manifests = await read(`rbac/${role}.yaml`);
  const own = `arn:aws:iam::111122223333:role/eksiam-${role}`;
  return {
    policies: documents.map((text, index) => {
      const document: JsonValue = JSON.parse(text.replaceAll("${ExecutorRoleArn}", own));
      return { name: names[index] ?? role, document };
    }),
    grants: grantsFromManifests([manifests], { namespace: "eksiam", name: `eksiam-${role}` }),
  };
}
