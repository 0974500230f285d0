import { createLogBytes } from "../adapters/file/log-bytes.ts";
import { logErrorsText } from "../adapters/terminal/logs-text.ts";
import { createStyle, printable } from "../adapters/terminal/style.ts";
import { recognise } from "../core/logs/recognise.ts";
import { createLogScanner, type ScannedError, tellingFirst } from "../core/logs/stream.ts";
import { redactAll } from "../core/redact.ts";
import { exit, type Io, type Output } from "./commands.ts";
import { ConfigError } from "./config-error.ts";
import { linesOf, openInput, write } from "./input.ts";

interface LogsOptions {
  readonly output: Output;
  readonly perRecord?: boolean;
}

const example = "kubectl logs deploy/carts | eksiam logs";

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
  const inputs = files.length === 0 ? [undefined] : files;
  if (perRecord) return await answerRecords(inputs, io);
  const scanner = createLogScanner({ timestamps: false });
  for (const path of inputs) {
    const log = createLogBytes(scanner);
    let first = true;
    for await (const chunk of await openInput(path, io, example)) {
      if (first) refuseCompressed(chunk, path);
      first = false;
      log.push(chunk);
    }
    log.end();
  }
  const errors = tellingFirst(scanner.end().errors);
  io.stdout.write(
    output === "json"
      ? `${JSON.stringify({ schema: "eksiam/logs/v1", errors: errors.map(publicError) }, null, 2)}\n`
      : logErrorsText(errors, createStyle(io.stdout, io.env)),
  );
  return errors.length === 0 ? exit.noFault : exit.fault;
}

/** https://www.rfc-editor.org/rfc/rfc1952 */
function refuseCompressed(chunk: Uint8Array, path: string | undefined): void {
  if (chunk[0] !== 0x1f || chunk[1] !== 0x8b) return;
  throw new ConfigError(`${path ?? "The input"} is compressed: zcat ${path ?? "FILE"} | eksiam logs`);
}

async function answerRecords(inputs: readonly (string | undefined)[], io: Io): Promise<number> {
  let found = false;
  let malformed = false;
  let answers = "";
  for (const path of inputs) {
    let number = 0;
    for await (const line of linesOf(await openInput(path, io, "eksiam logs --per-record < records.jsonl"))) {
      number++;
      if (line.trim() === "") continue;
      const record = readRecord(line);
      if (record === null) {
        malformed = true;
        const place = `${path === undefined ? "" : `${printable(path)}, `}line ${number}`;
        io.stderr.write(`eksiam: ${place} is no JSON object {"id": …, "log": "…"}; it is left out\n`);
        continue;
      }
      const errors = recognise(record.log).map((error) => publicError(redactAll(error)));
      found ||= errors.length > 0;
      answers += `${JSON.stringify({ id: record.id, errors })}\n`;
      if (answers.length < batch) continue;
      await write(io.stdout, answers);
      answers = "";
    }
  }
  if (answers !== "") await write(io.stdout, answers);
  if (malformed) return exit.usage;
  return found ? exit.fault : exit.noFault;
}

function readRecord(line: string): { readonly id: unknown; readonly log: string } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object" || !("log" in value)) return null;
  const { log } = value;
  return typeof log === "string" ? { id: "id" in value ? value.id : null, log } : null;
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
