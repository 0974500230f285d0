/** The log of one container's process, bounded as the kubelet's rotation bounds it. */
export interface ContainerLog {
  append(at: Date, lines: readonly string[]): void;
  /** Text with a newline after every line. */
  read(options: LogOptions, now: Date): string;
  lines(): readonly string[];
}

interface LogOptions {
  readonly sinceTime?: Date;
  readonly sinceSeconds?: number;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly timestamps?: boolean;
}

interface Line {
  readonly atMs: number;
  /** Makes the times of one write distinct, as they are on a real node. */
  readonly nanos: number;
  readonly text: string;
}

export function createContainerLog(maxLines = 8_000): ContainerLog {
  let lines: Line[] = [];

  function timestamp(line: Line): string {
    const date = new Date(line.atMs).toISOString();
    return `${date.slice(0, -1)}${String(line.nanos).padStart(6, "0")}Z`;
  }

  return {
    append(at, texts) {
      const split = texts.flatMap((text) => text.split("\n"));
      lines.push(
        ...split.map((text, index) => ({
          atMs: at.getTime(),
          nanos: Math.min(100_000 + index * 1_217, 999_999),
          text,
        })),
      );
      // Cut in larger steps, so that a long-lived log is not copied at every line.
      if (lines.length > maxLines * 1.25) lines = lines.slice(-maxLines);
    },
    read(options, now) {
      const sinceMs =
        options.sinceTime?.getTime() ??
        (options.sinceSeconds === undefined
          ? Number.NEGATIVE_INFINITY
          : now.getTime() - options.sinceSeconds * 1000);
      const recent = lines.filter((line) => line.atMs >= sinceMs);
      const tail =
        options.tailLines === undefined
          ? recent
          : recent.slice(Math.max(0, recent.length - options.tailLines));
      const text = tail
        .map((line) => (options.timestamps === true ? `${timestamp(line)} ${line.text}\n` : `${line.text}\n`))
        .join("");
      if (options.limitBytes === undefined) return text;
      const bytes = Buffer.from(text);
      return bytes.length <= options.limitBytes
        ? text
        : bytes.subarray(0, options.limitBytes).toString("utf8");
    },
    lines: () => lines.map((line) => line.text),
  };
}
