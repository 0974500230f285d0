/** What a line says without what was written before it. */
export interface LogLine {
  /** The runtime's time; null: it writes none, or another. */
  readonly at: string | null;
  readonly text: string;
  /** The runtime cut the line here: the next one goes on with it. */
  readonly cut: boolean;
}

const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`;
/** Compose's and kubectl's names of containers and pods. */
const tool = String.raw`[\w.-]{1,80} {1,20}\|(?: |$)|\[pod\/[\w./-]{1,300}\] `;
/** https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md */
const criLine = new RegExp(`^(${stamp}) std(?:out|err) ([FP]) `);
const toolPrefix = new RegExp(`^(?:${tool})`);
/** kubectl and runtimes put a time of their own before every line, also before one that goes on with the line before it. */
const beforeRest = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}(?:Z|[+-]\d\d:\d\d) (?=\s|caused by|Caused by|at [\w$.]{1,200}\()`;
const stampBeforeRest = new RegExp(`^${beforeRest}`);
const colours = /^(?:\u001b\[[0-9;?]{0,32}[A-Za-z])+/;

/** Takes off what a container runtime, Docker, Compose or kubectl wrote before a line. */
export function unwrapLine(line: string): LogLine {
  const cri = criLine.exec(line);
  if (cri !== null) return { at: cri[1] ?? null, text: line.slice(cri[0].length), cut: cri[2] === "P" };
  if (line.startsWith('{"log":"')) {
    const docker = dockerLine(line);
    if (docker !== null) return docker;
  }
  const rest = stampBeforeRest.exec(line);
  if (rest !== null) return { at: rest[0].trimEnd(), text: line.slice(rest[0].length), cut: false };
  return { at: null, text: line.replace(toolPrefix, "").replace(colours, ""), cut: false };
}

/** https://docs.docker.com/engine/logging/drivers/json-file/ */
function dockerLine(line: string): LogLine | null {
  try {
    const { log, time } = JSON.parse(line) as { log: unknown; time?: unknown };
    if (typeof log !== "string" || typeof time !== "string") return null;
    return { at: time, text: log.replace(/\r?\n$/, ""), cut: !log.endsWith("\n") };
  } catch {
    return null;
  }
}

const anyPrefix = new RegExp(`^[ \\t]{0,40}(?:${stamp} std(?:out|err) [FP] |${tool})`, "gm");
const anyStampBeforeRest = new RegExp(`^${beforeRest}`, "gm");

/** The same for all lines of a text that stands by itself: times are of no use there. */
export function withoutPrefixes(text: string): string {
  return text.replace(anyPrefix, "").replace(anyStampBeforeRest, "");
}
