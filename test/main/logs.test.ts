import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eksiam } from "../e2e/support.ts";

const denial =
  "User: arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:us-west-2:111122223333:table/Items because no identity-based policy allows the dynamodb:Query action";
const red = "\u001b[31m";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-logs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, bytes: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

describe("eksiam logs", () => {
  test("tells distinct errors of files with their counts, and exits with 1", async () => {
    const a = await file("a.log", `ok\n${denial}\nok\n${denial}\n`);
    const b = await file(
      "b.log",
      `NoCredentialProviders: no valid providers in chain. Deprecated.\n${denial}`,
    );
    const { code, out, err } = await eksiam(["logs", a, b]);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatch(/^3 × access-denied dynamodb:Query on arn:aws:dynamodb/);
    expect(out).toContain("as arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 (node-role)");
    expect(out).toContain("decided by identity-based");
    expect(out.indexOf("no-credentials")).toBeGreaterThan(out.indexOf("access-denied"));
  });

  test("reads standard input, and says where there is nothing", async () => {
    const { code, out } = await eksiam(["logs"], { stdin: ["all is ", "well\n"] });
    expect({ code, out }).toEqual({ code: 0, out: "No AWS credential or authorization error.\n" });
  });

  test("answers one JSON document", async () => {
    const { code, out } = await eksiam(["logs", "--output", "json", "-"], { stdin: [denial] });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      schema: "eksiam/logs/v1",
      errors: [{ kind: "access-denied", principalKind: "node-role", action: "dynamodb:Query", count: 1 }],
    });
  });

  test("looks at all files before it reads one", async () => {
    const { code, out, err } = await eksiam([
      "logs",
      await file("good.log", denial),
      join(folder, "none.log"),
    ]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("none.log is not there");
  });

  test("one call that is refused on many resources is told once", async () => {
    const lines = Array.from({ length: 9 }, (_, at) => denial.replace("table/Items", `table/Items${at}`));
    const { out } = await eksiam(["logs"], { stdin: [lines.join("\n")] });
    expect(out.match(/access-denied/g)).toHaveLength(1);
    expect(out).toMatch(/^9 × access-denied dynamodb:Query on \S+Items0\n\s+and on \S+Items1\n/);
    expect(out).toContain("and on 4 more (--output json names them)");
  });

  test("tells no secret that an error quotes", async () => {
    const secret = `AK${"IA"}${"Q7".repeat(8)}`;
    const leaky = denial.replace("arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0", secret);
    for (const output of ["text", "json"]) {
      const { out } = await eksiam(["logs", "--output", output], { stdin: [leaky] });
      expect(out).toContain("[redacted]");
      expect(out).not.toContain(secret);
    }
    const record = JSON.stringify({ id: 1, log: leaky });
    expect((await eksiam(["logs", "--per-record"], { stdin: [record] })).out).not.toContain(secret);
  });

  test("says what to do where nothing is piped in", async () => {
    const { code, err } = await eksiam(["logs"], { typing: true });
    expect(code).toBe(2);
    expect(err).toContain("name a file, or pipe into it: kubectl logs deploy/carts | eksiam logs");
  });

  test("says in JSON when and where an error was seen, and escapes what a terminal would obey", async () => {
    const line = `2026-01-01T10:00:00.5Z stderr F ${denial} \u009b31m \u202e`;
    const { out } = await eksiam(["logs", "--output", "json"], { stdin: [line] });
    expect(JSON.parse(out).errors[0]).toMatchObject({
      firstSeen: "2026-01-01T10:00:00.500Z",
      lastSeen: "2026-01-01T10:00:00.500Z",
      excerpt: expect.stringContaining("is not authorized to perform"),
    });
    expect(out).not.toMatch(/[\u0080-\u009f\u202e]/);
    const odd = `{"id":"\u009b","log":"x"}`;
    const answer = await eksiam(["logs", "--per-record"], { stdin: [odd] });
    expect(answer.out).toBe('{"id":"\\u009b","errors":[]}\n');
  });

  test("prints no escape sequence of a log", async () => {
    const { out } = await eksiam(["logs"], { stdin: [`${red}ERROR ${denial}${red}\u0007\n`] });
    expect(out).toContain("access-denied");
    expect(out).not.toContain("\u001b");
    expect(out).not.toContain("\u0007");
  });

  test.each([
    ["a file that is not there", () => Promise.resolve(join(folder, "none.log")), /is not there/],
    ["a directory", () => Promise.resolve(folder), /is a directory: name the files/],
    ["a compressed file", () => file("c.log.gz", gzipSync(denial)), /is compressed: zcat .* \| eksiam logs/],
    ["UTF-16", () => file("u.log", Buffer.from(`\ufeff${denial}`, "utf16le")), /UTF-16: iconv -f UTF-16/],
  ])("refuses %s with what to do", async (_, path, message) => {
    const { code, out, err } = await eksiam(["logs", await path()]);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("eksiam logs --per-record", () => {
  const record = (id: unknown, log: unknown) => `${JSON.stringify({ id, log })}\n`;

  test("answers every record in its order, with the fields that others rely on", async () => {
    const stdin = [record(1, denial), record("two", "GET / 200"), record(null, `${denial}\n${denial}`)];
    const { code, out, err } = await eksiam(["logs", "--per-record"], { stdin });
    const answers = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(answers.map(({ id }) => id)).toEqual([1, "two", null]);
    expect(answers[0].errors).toEqual([
      expect.objectContaining({
        kind: "access-denied",
        principalArn: "arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0",
        principalKind: "node-role",
        action: "dynamodb:Query",
        resource: "arn:aws:dynamodb:us-west-2:111122223333:table/Items",
        denyLayer: "identity-based",
        sdk: null,
        count: 1,
      }),
    ]);
    expect(answers[1].errors).toEqual([]);
    expect(answers[2].errors[0].count).toBe(2);
  });

  test("names the lines that are no records, answers the others, and exits with 2", async () => {
    const stdin = ["nonsense\n", record("a", "fine"), '{"id":1}\n', "\n"];
    const { code, out, err } = await eksiam(["logs", "--per-record"], { stdin });
    expect(code).toBe(2);
    expect(out).toBe('{"id":"a","errors":[]}\n');
    expect(err).toMatch(/line 1 is no JSON object/);
    expect(err).toMatch(/line 3 is no JSON object/);
  });

  test("reads a whole log in one record", async () => {
    const log = `${"all is well, line after line\n".repeat(20_000)}${denial}\n${denial}`;
    const { code, out } = await eksiam(["logs", "--per-record"], { stdin: [record(1, log)] });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ id: 1, errors: [{ action: "dynamodb:Query", count: 2 }] });
  });

  test("a record that is too long is left out, and what follows is answered", async () => {
    const endless = [`{"id":1,"log":"`, ...Array.from({ length: 18 }, () => "x".repeat(1 << 20)), `"}\n`];
    const { code, out, err } = await eksiam(["logs", "--per-record"], {
      stdin: [...endless, record(2, denial)],
    });
    expect(code).toBe(2);
    expect(err).toMatch(/line 1 is no JSON object/);
    expect(JSON.parse(out)).toMatchObject({ id: 2, errors: [{ action: "dynamodb:Query" }] });
  });

  test("ends quietly where the reader has seen enough", async () => {
    const cli = join(import.meta.dirname, "../../src/main/cli.ts");
    const child = spawn(process.execPath, [cli, "logs", "--per-record"], { stdio: "pipe" });
    const told = text(child.stderr);
    // Long before the end of what is written here, the answers have nowhere to go.
    child.stdin.on("error", () => {});
    child.stdin.end(record(1, denial).repeat(5_000));
    await once(child.stdout, "data");
    child.stdout.destroy();
    await once(child, "exit");
    expect(await told).toBe("");
  });

  test("takes a record in any pieces", async () => {
    const text = record("ü", `— ${denial}`);
    const bytes = Buffer.from(text);
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
    const { out } = await eksiam(["logs", "--per-record"], { stdin: pieces });
    expect(JSON.parse(out)).toMatchObject({ id: "ü", errors: [{ kind: "access-denied" }] });
  });
});
