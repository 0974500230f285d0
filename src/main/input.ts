import { once } from "node:events";
import { constants } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import type { Io } from "./commands.ts";
import { ConfigError } from "./config-error.ts";

const pieceSize = 1 << 20;

/** A line may be so long; of a longer one, the beginning is read. */
const maxLineBytes = 16 << 20;

/**
 * The bytes of a file, or of standard input where `path` is `-` or undefined.
 * @throws ConfigError where there is nothing that could be read, with what to do.
 */
export async function openInput(
  path: string | undefined,
  { stdin }: Io,
  example: string,
): Promise<AsyncIterable<Uint8Array>> {
  if (path === undefined || path === "-") {
    if (stdin.isTTY === true)
      throw new ConfigError(`Nothing to read: name a file, or pipe into it: ${example}`);
    return stdin;
  }
  const found = await stat(path).catch(() => null);
  if (found === null) throw new ConfigError(`${path} is not there, or may not be read.`);
  if (found.isDirectory()) throw new ConfigError(`${path} is a directory: name the files in it.`);
  await access(path, constants.R_OK).catch(() => {
    throw new ConfigError(`${path} may not be read: ask for the right to, or copy it.`);
  });
  return bytesOf(path);
}

/** A file in pieces; a piece is good until the next one is asked for. One is read while the other is worked on. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const buffers = [Buffer.allocUnsafeSlow(pieceSize), Buffer.allocUnsafeSlow(pieceSize)] as const;
    let reading = file.read(buffers[0]);
    for (let turn = 0; ; turn++) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      reading = file.read(buffers[turn % 2 === 0 ? 1 : 0]);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * Lines of a text in UTF-8, without their ends; the last one may lack its own. Takes time in proportion to the text,
 * and memory for one line.
 */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const line of rawLinesOf(bytes)) yield line.toString();
}

/** The same, undecoded; a line is good until the next one is asked for. */
export async function* rawLinesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  /** What has come of a line whose end has not; its memory is used again for the next one. */
  let held: Buffer | null = null;
  let size = 0;
  const hold = (piece: Buffer) => {
    held ??= Buffer.allocUnsafeSlow(maxLineBytes);
    size += piece.copy(held, size);
  };
  const release = (last: Buffer) => {
    if (size > 0) hold(last);
    const line = size > 0 && held !== null ? held.subarray(0, size) : last;
    size = 0;
    return line.at(-1) === 13 ? line.subarray(0, -1) : line;
  };
  for await (const chunk of bytes) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      yield release(piece.subarray(from, end));
      from = end + 1;
    }
    if (from < piece.length) hold(piece.subarray(from));
  }
  if (size > 0) yield release(Buffer.alloc(0));
}

/** Writes, and waits where the reader is slower. */
export async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}
