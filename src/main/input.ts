import { once } from "node:events";
import { open, stat } from "node:fs/promises";
import type { Io } from "./commands.ts";
import { ConfigError } from "./config-error.ts";

const pieceSize = 1 << 20;

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

/** Lines of a text in UTF-8, without their ends; the last one may lack its own. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let partial = "";
  for await (const chunk of bytes) {
    const pieces = (partial + decoder.decode(chunk, { stream: true })).split("\n");
    partial = pieces.pop() ?? "";
    for (const piece of pieces) yield piece.endsWith("\r") ? piece.slice(0, -1) : piece;
  }
  partial += decoder.decode();
  if (partial !== "") yield partial;
}

/** Writes, and waits where the reader is slower. */
export async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}
