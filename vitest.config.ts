import { defineConfig } from "vitest/config";

const slow = ["test/faults/**", "test/bench/**"];

/** `SUITE=faults vitest run` runs what takes minutes; without it, everything else. */
const suite = process.env["SUITE"];

export default defineConfig({
  test: {
    include: [suite === undefined ? "test/**/*.test.ts" : `test/${suite}/**/*.test.ts`],
    exclude: suite === undefined ? [...slow, "node_modules/**"] : ["node_modules/**"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: "forks",
    // By default one processor is left idle.
    maxWorkers: "100%",
    // Half of the suite's time went into loading the SDKs anew for each file: files leave what they share as they found it.
    isolate: false,
    passWithNoTests: false,
  },
});
