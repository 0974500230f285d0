#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Compiled code is kept between runs: the second start takes a third of the time.
enableCompileCache();
// Whoever reads the answer may stop: `eksiam logs app.log | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(4);
});
const { run } = await import("./commands.ts");

process.exitCode = await run(process.argv.slice(2), process);
