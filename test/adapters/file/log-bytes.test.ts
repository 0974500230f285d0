import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLogBytes } from "../../../src/adapters/file/log-bytes.ts";
import { createLogScanner } from "../../../src/core/logs/stream.ts";

const denial =
  "User: arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/key because no identity-based policy allows the s3:GetObject action";

/** What is found in these bytes, pushed in pieces that end at the cuts. */
function found(bytes: Uint8Array, cuts: readonly number[]) {
  const scanner = createLogScanner({ timestamps: false });
  const log = createLogBytes(scanner);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    log.push(bytes.slice(from, end));
    from = end;
  }
  log.end();
  return scanner.end().errors;
}

const line = fc.constantFrom(
  "GET /healthz 200 1ms",
  denial,
  `{"level":"error","msg":"${denial}"}`,
  "java.lang.IllegalStateException: no",
  "\tat com.example.App.main(App.java:1)",
  "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
  "",
  "Zeit läuft ab — ✓",
);

describe("a log as bytes", () => {
  test("tells the same wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.constantFrom("\n", "\r\n"),
        fc.array(fc.nat(), { maxLength: 8 }),
        (lines, end, cuts) => {
          const bytes = new TextEncoder().encode(lines.join(end));
          expect(found(bytes, cuts)).toEqual(found(bytes, []));
        },
      ),
    );
  });

  test("counts every line that fails, between any number that do not", () => {
    const lines = Array.from({ length: 5_000 }, (_, at) => (at % 500 === 7 ? denial : `line ${at} is fine`));
    expect(found(new TextEncoder().encode(lines.join("\n")), [])).toMatchObject([
      { action: "s3:GetObject", count: 10 },
    ]);
  });

  test("reads a line without an end in parts, the same wherever it is cut", () => {
    const noise = "x".repeat(50_000);
    const bytes = new TextEncoder().encode(`${noise} ${denial} ${noise} ${noise} ${denial} ${noise}`);
    const whole = found(bytes, []);
    expect(whole).toMatchObject([{ resource: "arn:aws:s3:::data/key", count: 2 }]);
    expect(found(bytes, [10, 60_000, 65_536, 65_537, 130_000])).toEqual(whole);
  });

  test("loses no sentence that a border between parts cuts, and counts none twice", () => {
    const border = 65_536;
    for (let at = border - denial.length - 2; at <= border + 2; at += 7) {
      const one = `${"x".repeat(at - 1)} ${denial} ${"x".repeat(9_000)}`;
      const log = `fine\n${one}${one}\nfine\n`;
      const errors = found(new TextEncoder().encode(log), [70_000]);
      expect(errors, String(at)).toMatchObject([{ resource: "arn:aws:s3:::data/key", count: 2 }]);
      expect(errors).toHaveLength(1);
      const scanner = createLogScanner({ timestamps: false });
      for (const piece of log.match(/[\s\S]{1,40000}/g) ?? []) scanner.push(piece);
      expect(scanner.end().errors).toMatchObject([{ resource: "arn:aws:s3:::data/key", count: 2 }]);
    }
  });

  test("puts together what a runtime has cut into many pieces", () => {
    const at = "2024-05-05T10:00:00.1Z stderr";
    const long = `${"x".repeat(90_000)} ${denial} ${"x".repeat(90_000)}`;
    const pieces = long.match(/.{1,16384}/g) ?? [];
    const log = pieces.map((piece, i) => `${at} ${i === pieces.length - 1 ? "F" : "P"} ${piece}\n`).join("");
    expect(found(new TextEncoder().encode(log), [])).toMatchObject([
      { resource: "arn:aws:s3:::data/key", count: 1 },
    ]);
    const scanner = createLogScanner({ timestamps: false });
    scanner.push(log);
    expect(scanner.end().errors).toMatchObject([{ resource: "arn:aws:s3:::data/key", count: 1 }]);
  });

  test("counts every failure of a line without an end", () => {
    const before = "order cart ".repeat(3_000);
    const part = `${before} ${denial} ${"order cart ".repeat(6_000)}`.slice(0, 65_536);
    expect(found(new TextEncoder().encode(part.repeat(60)), [])).toMatchObject([{ count: 60 }]);
  });

  test("takes bytes that are no UTF-8", () => {
    const bytes = new Uint8Array([0xff, 0xfe, 0x0a, ...new TextEncoder().encode(denial), 0xc3, 0x0a, 0x80]);
    expect(found(bytes, [1, 2, 3])).toMatchObject([{ action: "s3:GetObject", count: 1 }]);
  });
});
