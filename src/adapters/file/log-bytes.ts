import { anchors, createPrefilter } from "../../core/logs/prefilter.ts";
import { longestWrapped } from "../../core/logs/record.ts";
import { type LogScanner, linesBefore } from "../../core/logs/stream.ts";

/** Longer lines are read in parts of so many bytes, so that memory does not depend on what is in a log. */
const maxLine = 65_536;

const lineEnd = 10;

/** Takes the bytes of a log, cut anywhere, and hands the scanner those lines that could hold an error. */
export interface LogBytes {
  push(chunk: Uint8Array): void;
  end(): void;
}

/**
 * Most lines of a log hold no error: they are found by their bytes and never decoded. The parts are the same wherever
 * the bytes are cut, for they are counted from the beginning of their line.
 */
export function createLogBytes(scanner: LogScanner): LogBytes {
  const prefilter = createPrefilter(anchors);
  /** The beginning of a line, or of a part of one, whose end has not been seen. */
  let held: Buffer = Buffer.alloc(0);

  function scan(bytes: Buffer, until: number): void {
    let at = 0;
    while (at < until) {
      if (!scanner.open) {
        const found = prefilter.next(bytes, at, until);
        const next = found < 0 ? until : startOfPart(bytes, at, found);
        scanLast(bytes, at, next);
        if (found < 0) return;
        at = next;
      }
      const end = endOfPart(bytes, at, until);
      scanner.line(bytes.toString("utf8", at, trimmed(bytes, at, end)));
      at = bytes[end] === lineEnd && end < until ? end + 1 : end;
    }
  }

  /** The last lines of a stretch in which nothing was found: an error may begin in them. */
  function scanLast(bytes: Buffer, from: number, to: number): void {
    const starts: number[] = [];
    for (let end = to; end > from && starts.length < linesBefore; ) {
      // The byte before the end is that of the line before.
      end = end < 2 ? from : Math.max(from, bytes.lastIndexOf(lineEnd, end - 2) + 1);
      starts.unshift(end);
    }
    for (const start of starts) {
      const end = endOfPart(bytes, start, to);
      // No line of so many bytes is short enough to lead into another: it need not be decoded.
      const isLong = end - start > 4 * longestWrapped;
      scanner.line(isLong ? "" : bytes.toString("utf8", start, trimmed(bytes, start, end)));
    }
  }

  /** Scans the lines and parts that are whole; answers a copy of what is left over. */
  function scanWhole(bytes: Buffer): Buffer {
    const lastLine = bytes.lastIndexOf(lineEnd) + 1;
    const until = lastLine + Math.floor((bytes.length - lastLine) / maxLine) * maxLine;
    scan(bytes, until);
    return Buffer.from(bytes.subarray(until));
  }

  return {
    push(chunk) {
      let bytes: Buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      if (held.length > 0) {
        // Only the line that was cut is put together again.
        const first = bytes.indexOf(lineEnd) + 1;
        const joined = Buffer.concat([held, first === 0 ? bytes : bytes.subarray(0, first)]);
        bytes = first === 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
        held = scanWhole(joined);
      }
      if (bytes.length > 0) held = scanWhole(bytes);
    },
    end() {
      scan(held, held.length);
      held = Buffer.alloc(0);
      // What the last line began is over: another log may follow.
      scanner.line("");
    },
  };
}

/** The part that `found` lies in, of the lines that begin at `from`. */
function startOfPart(bytes: Buffer, from: number, found: number): number {
  const line = Math.max(from, bytes.lastIndexOf(lineEnd, found) + 1);
  return line + Math.floor((found - line) / maxLine) * maxLine;
}

function endOfPart(bytes: Buffer, at: number, until: number): number {
  const longest = Math.min(at + maxLine, until);
  const end = bytes.subarray(at, longest).indexOf(lineEnd);
  return end < 0 ? longest : at + end;
}

function trimmed(bytes: Buffer, at: number, end: number): number {
  return end > at && bytes[end - 1] === 13 ? end - 1 : end;
}
