import { writeSync } from "node:fs";
import { registerHooks } from "node:module";

/*
 * Given to a process with `--import`: tells on file descriptor 3 which packages it has loaded, when it ends.
 */
const packages = new Set<string>();

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(resolved.url)?.[1];
    if (name !== undefined) packages.add(name);
    return resolved;
  },
});

process.on("exit", () => {
  writeSync(3, JSON.stringify([...packages].sort()));
});
