/*
 * `eksiam logs` against grep on the same file in the same run: npm run bench:logs [-- MEBIBYTES]
 * Writes a log with one denial in 10,000 lines into the system's folder for temporary files, and removes it again.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const mebibytes = Number(process.argv[2] ?? 1024);
const runs = 5;
const pattern = "denied|unauthori[sz]ed|credential|forbidden|expired";
const cli = join(import.meta.dirname, "../../src/main/cli.ts");

const words =
  "order cart user token region request handled upstream latency cache miss hit session queue worker retry payment customer status response body header connect pool thread identity signature metadata timeout error warn".split(
    " ",
  );
const denial =
  "ERROR 1 --- [carts] c.a.s.Error : User: arn:aws:sts::111122223333:assumed-role/eks-node/i-0123456789abcdef0 is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:us-west-2:111122223333:table/Items because no identity-based policy allows the dynamodb:Query action (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException)";

/** The same numbers in every run. */
let seed = 42;
function random(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
  return seed % below;
}

function lineAt(number: number): string {
  if (number % 10_000 === 9_999) return denial;
  const text = Array.from({ length: 9 }, () => words[random(words.length)]).join(" ");
  return number % 3 === 0
    ? JSON.stringify({
        time: "2026-01-01T00:00:00Z",
        level: "info",
        msg: text,
        status: 200,
        ms: number % 300,
      })
    : `2026-01-01T00:00:00.000Z INFO  [http-nio-8080-exec-${number % 50}] c.a.s.OrderService : ${text} in ${number % 900}ms`;
}

async function generate(path: string): Promise<number> {
  const file = createWriteStream(path);
  let number = 0;
  let piece = "";
  for (let size = 0; size < mebibytes << 20; number++) {
    const line = `${lineAt(number)}\n`;
    size += line.length;
    piece += line;
    if (piece.length < 1 << 20) continue;
    if (!file.write(piece)) await once(file, "drain");
    piece = "";
  }
  file.end(piece);
  await once(file, "finish");
  return number;
}

function seconds(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  const started = performance.now();
  const ran = spawnSync(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (ran.error !== undefined) throw ran.error;
  return (performance.now() - started) / 1_000;
}

/** The most memory that the process had, in MiB, as GNU time tells it. */
function peak(path: string): number {
  const time = spawnSync("/usr/bin/time", ["-f", "%M", process.execPath, cli, "logs", path], {
    encoding: "utf8",
  });
  const kibibytes = /(\d+)\s*$/.exec(time.stderr)?.[1];
  return Number(kibibytes) / 1_024;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = await mkdtemp(join(tmpdir(), "eksiam-bench-"));
try {
  const path = join(folder, "app.log");
  const lines = await generate(path);
  // Once before it counts, so that all find the file in memory.
  seconds(process.execPath, [cli, "logs", path]);
  const own: number[] = [];
  const grep: number[] = [];
  const grepInC: number[] = [];
  for (let run = 0; run < runs; run++) {
    own.push(seconds(process.execPath, [cli, "logs", path]));
    grep.push(seconds("grep", ["-icE", pattern, path]));
    grepInC.push(seconds("grep", ["-icE", pattern, path], { LC_ALL: "C" }));
  }
  const version = execFileSync("grep", ["--version"], { encoding: "utf8" }).split("\n")[0];
  process.stdout.write(
    [
      `${mebibytes} MiB, ${lines} lines; ${cpus().length} × ${cpus()[0]?.model}; Node ${process.version}; ${version}`,
      `medians of ${runs}: eksiam ${median(own).toFixed(2)} s, grep ${median(grep).toFixed(2)} s, grep with LC_ALL=C ${median(grepInC).toFixed(2)} s`,
      `eksiam / grep: ${(median(own) / median(grep)).toFixed(2)}, with LC_ALL=C ${(median(own) / median(grepInC)).toFixed(2)}`,
      `most memory: ${peak(path).toFixed(0)} MiB`,
      "",
    ].join("\n"),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
