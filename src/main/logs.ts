import { createLogBytes } from "../adapters/file/log-bytes.ts";
import { logErrorsText } from "../adapters/terminal/logs-text.ts";
import { createStyle, printable } from "../adapters/terminal/style.ts";
import type { RecognisedError } from "../core/logs/grammar.ts";
import { recognise } from "../core/logs/recognise.ts";
import { createLogScanner, type ScannedError, tellingFirst } from "../core/logs/stream.ts";
import { redactAll } from "../core/redact.ts";
import { exit, type Io, type Output } from "./commands.ts";
import { ConfigError } from "./config-error.ts";
import { openInput, rawLinesOf, write } from "./input.ts";
import { readLongRecord } from "./long-record.ts";

interface LogsOptions {
  readonly output: Output;
  readonly perRecord?: boolean;
}

interface Input {
  readonly path: string | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The logs of longer records are read as they stream by. */
const longRecord = 1 << 18;

/** Answers are written in pieces of about this many characters. */
const batch = 1 << 16;

/**
 * `eksiam logs`: the AWS credential and authorization errors of logs. Exit code 1 where there is one, 2 where something
 * could not be read as it was given.
 */
export async function logsCommand(
  files: readonly string[],
  { output, perRecord = false }: LogsOptions,
  io: Io,
): Promise<number> {
  const paths = files.length === 0 ? [undefined] : files;
  const usage = perRecord
    ? "eksiam logs --per-record < records.jsonl"
    : "kubectl logs deploy/carts | eksiam logs";
  // All are looked at before the first is read: a wrong name is told at once, not after an hour.
  const inputs = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await openInput(path, io, usage) })),
  );
  if (perRecord) return await answerRecords(inputs, io);
  const scanner = createLogScanner({ timestamps: false });
  for (const { path, bytes } of inputs) {
    const log = createLogBytes(scanner);
    let first = true;
    for await (const chunk of bytes) {
      if (first) refuseUnreadable(chunk, path);
      first = false;
      log.push(chunk);
    }
    log.end();
  }
  const errors = tellingFirst(scanner.end().errors);
  io.stdout.write(
    output === "json"
      ? `${harmless(JSON.stringify({ schema: "eksiam/logs/v1", errors: errors.map(scannedError) }, null, 2))}\n`
      : logErrorsText(errors, createStyle(io.stdout, io.env)),
  );
  return errors.length === 0 ? exit.noFault : exit.fault;
}

/** What files begin with that are no text: the formats' own marks, and that of UTF-16. */
const unreadable: readonly (readonly [mark: readonly number[], is: string, command: string])[] = [
  [[0x1f, 0x8b], "is compressed", "zcat"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is compressed", "zstdcat"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "is compressed", "xzcat"],
  [[0x42, 0x5a, 0x68], "is compressed", "bzcat"],
  [[0xff, 0xfe], "is written in UTF-16", "iconv -f UTF-16 -t UTF-8"],
  [[0xfe, 0xff], "is written in UTF-16", "iconv -f UTF-16 -t UTF-8"],
];

function refuseUnreadable(chunk: Uint8Array, path: string | undefined): void {
  const found = unreadable.find(([mark]) => mark.every((byte, at) => chunk[at] === byte));
  if (found === undefined) return;
  const [, is, command] = found;
  throw new ConfigError(`${path ?? "The input"} ${is}: ${command} ${path ?? "FILE"} | eksiam logs`);
}

async function answerRecords(inputs: readonly Input[], io: Io): Promise<number> {
  let found = false;
  let malformed = false;
  let answers = "";
  for (const { path, bytes } of inputs) {
    let number = 0;
    for await (const line of rawLinesOf(bytes)) {
      number++;
      if (line.length <= longRecord && line.toString().trim() === "") continue;
      const record = readRecord(line);
      if (record === null) {
        malformed = true;
        const place = `${path === undefined ? "" : `${printable(path)}, `}line ${number}`;
        io.stderr.write(`eksiam: ${place} is no JSON object {"id": …, "log": "…"}; it is left out\n`);
        continue;
      }
      const errors = record.errors.map((error) => publicError(redactAll(error)));
      found ||= errors.length > 0;
      answers += `${harmless(JSON.stringify({ id: record.id, errors }))}\n`;
      if (answers.length < batch) continue;
      await write(io.stdout, answers);
      answers = "";
    }
  }
  if (answers !== "") await write(io.stdout, answers);
  if (malformed) return exit.usage;
  return found ? exit.fault : exit.noFault;
}

interface RecordAnswer {
  readonly id: unknown;
  readonly errors: readonly RecognisedError[];
}

/** Null: the line is no record. */
function readRecord(line: Buffer): RecordAnswer | null {
  if (line.length > longRecord) {
    const scanner = createLogScanner({ timestamps: false });
    const record = readLongRecord(line, scanner.push);
    if (record !== null) return { id: record.id, errors: tellingFirst(scanner.end().errors) };
  }
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object" || !("log" in value)) return null;
  const { log } = value;
  return typeof log === "string" ? { id: "id" in value ? value.id : null, errors: recognise(log) } : null;
}

/** JSON escapes most of what a terminal takes for a command; this is the rest, and what turns the direction of text. */
function harmless(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function scannedError({ firstSeen, lastSeen, excerpt, ...error }: ScannedError) {
  return { ...publicError(error), firstSeen, lastSeen, excerpt };
}

/** The fields that others rely on, and what else is known. */
function publicError(error: Omit<ScannedError, "excerpt" | "firstSeen" | "lastSeen">) {
  return {
    kind: error.kind,
    principalArn: error.principalArn,
    principalKind: error.principalKind,
    action: error.action,
    resource: error.resource,
    denyLayer: error.denyLayer,
    sdk: error.sdk,
    count: error.count,
    missingAction: error.missingAction,
    policyArn: error.policyArn,
    requestId: error.requestId,
  };
}
