import { linesBefore, longestWrapped } from "../../core/logs/failures.ts";
import { anchors, createPrefilter } from "../../core/logs/prefilter.ts";
import type { LogScanner } from "../../core/logs/stream.ts";

/** Longer lines are read in parts of so many bytes, so that memory does not depend on what is in a log. */
const maxLine = 65_536;
/** A part begins with so many bytes of the one before it: no sentence is longer, so none is cut in both. */
const overlap = 8_192;

const lineEnd = 10;

/** Takes the bytes of a log, cut anywhere, and hands the scanner those lines that could hold an error. */
export interface LogBytes {
  push(chunk: Uint8Array): void;
  end(): void;
}

/**
 * Most lines of a log hold no error: they are found by their bytes and never decoded. The parts of a long line are the
 * same wherever the bytes are cut, for they are counted from its beginning.
 */
export function createLogBytes(scanner: LogScanner): LogBytes {
  const prefilter = createPrefilter(anchors);
  /** The beginning of a line, or of a part of one, whose end has not been seen. */
  let held: Buffer = Buffer.alloc(0);
  /** What the part before `held` ended with; empty where `held` begins a line. */
  let tail: Buffer = Buffer.alloc(0);

  /** Scans lines and parts that are whole. */
  function scan(bytes: Buffer, until: number): void {
    let at = tail.length === 0 ? 0 : scanParts(bytes, 0, until);
    while (at < until) {
      if (!scanner.open) {
        const found = prefilter.next(bytes, at, until);
        const next = startOfLine(bytes, at, found < 0 ? until : found);
        scanLast(bytes, at, next);
        at = next;
        if (found < 0) {
          keepTail(bytes, at, until);
          return;
        }
      }
      const end = endOfLine(bytes, at, until);
      if (end - at >= maxLine) {
        at = scanParts(bytes, at, until);
      } else {
        scanner.line(text(bytes, at, end));
        at = end + 1;
      }
    }
  }

  /** Scans what is there of a long line; answers where the next line begins. */
  function scanParts(bytes: Buffer, from: number, until: number): number {
    const end = endOfLine(bytes, from, until);
    for (let at = from; at < end; at += maxLine) {
      const partEnd = Math.min(at + maxLine, end);
      const before = at === from ? tail : bytes.subarray(at - overlap, at);
      const part =
        at === from
          ? Buffer.concat([tail, bytes.subarray(at, partEnd)])
          : bytes.subarray(at - overlap, partEnd);
      if (scanner.open || prefilter.next(part, 0, part.length) >= 0) {
        scanner.part(text(part, 0, part.length), before.toString());
      }
    }
    if (end < until) tail = Buffer.alloc(0);
    else keepTail(bytes, from, until);
    return end + 1;
  }

  /** What is left of bytes whose line goes on: they are there only until the next ones are asked for. */
  function keepTail(bytes: Buffer, from: number, until: number): void {
    tail = Buffer.from(bytes.subarray(Math.max(from, until - overlap), until));
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
      const end = endOfLine(bytes, start, to);
      // No line of so many bytes is short enough to lead into another: it need not be decoded.
      scanner.line(end - start > 4 * longestWrapped ? "" : text(bytes, start, end));
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
      tail = Buffer.alloc(0);
      // What the last line began is over: another log may follow.
      scanner.part("", "");
    },
  };
}

/** The beginning of the line that `found` lies in, of those that begin at `from`. */
function startOfLine(bytes: Buffer, from: number, found: number): number {
  return from + bytes.subarray(from, found).lastIndexOf(lineEnd) + 1;
}

function endOfLine(bytes: Buffer, at: number, until: number): number {
  const end = bytes.subarray(at, until).indexOf(lineEnd);
  return end < 0 ? until : at + end;
}

function text(bytes: Buffer, at: number, end: number): string {
  return bytes.toString("utf8", at, end > at && bytes[end - 1] === 13 ? end - 1 : end);
}
