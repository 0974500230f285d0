import type { Question, WorkloadKind } from "../../core/evidence.ts";
import { workloadKinds } from "../../core/evidence.ts";
import type { Result } from "../../core/result.ts";

/** The clusters that may be named, and the one that is meant where none is. */
export interface CommandClusters {
  readonly names: readonly string[];
  readonly default: string | null;
}

export type Command =
  | { readonly type: "why"; readonly question: Question }
  | { readonly type: "audit"; readonly cluster: string }
  | { readonly type: "help" };

/** Why a command was not understood, and the right one nearest to it; null: only the help can tell. */
export interface CommandProblem {
  readonly problem: string;
  readonly nearest: string | null;
}

type Parsed<T> = Result<T, CommandProblem>;

const defaultSinceSeconds = 3600;
/** Beyond this, reading logs takes longer than anybody waits. */
const maxSinceSeconds = 7 * 86_400;
const minSinceSeconds = 60;

/** DNS-1123: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Understands the text after `/eksiam`. An empty one asks for help. */
export function parseCommand(text: string, clusters: CommandClusters): Parsed<Command> {
  const words = wordsOf(text);
  const [verb, ...rest] = words;
  if (verb === undefined || /^(--?)?h(elp)?$|^\?$/i.test(verb)) return done({ type: "help" });
  switch (verb.toLowerCase()) {
    case "why":
      return parseWhy(rest, clusters);
    case "audit":
      return parseAudit(rest, clusters);
  }
  // A workload without a verb can only be a question.
  if (verb.includes("/")) {
    return wrong(`“${verb}” is not a command.`, `why ${words.map(asName).join(" ")}`);
  }
  const near = ["why", "audit", "help"].find((known) => distance(known, verb.toLowerCase()) <= 2);
  const nearest = near === undefined ? null : [near, ...rest].join(" ");
  return wrong(`“${verb}” is not a command.`, nearest);
}

function parseWhy(words: readonly string[], clusters: CommandClusters): Parsed<Command> {
  const split = splitOptions("why", words, ["cluster", "kind", "container", "since"]);
  if (!split.ok) return split;
  const { names, options } = split.value;
  const workload = parseWorkload(names);
  if (!workload.ok) return workload;
  const cluster = parseCluster(options.get("cluster"), clusters, `why ${names[0]}`);
  if (!cluster.ok) return cluster;
  const kind = parseKind(options.get("kind"), names[0] ?? "");
  if (!kind.ok) return kind;
  const since = parseSince(options.get("since"), names[0] ?? "");
  if (!since.ok) return since;
  const container = options.get("container") ?? null;
  if (container !== null && !label.test(container)) {
    return wrong(`“${container}” cannot be the name of a container.`, `why ${names[0]} --container NAME`);
  }
  return done({
    type: "why",
    question: {
      cluster: cluster.value,
      ...workload.value,
      kind: kind.value,
      container,
      sinceSeconds: since.value,
    },
  });
}

function parseAudit(words: readonly string[], clusters: CommandClusters): Parsed<Command> {
  const split = splitOptions("audit", words, ["cluster"]);
  if (!split.ok) return split;
  const [extra] = split.value.names;
  if (extra !== undefined) {
    const nearest = clusters.names.includes(extra) ? `audit --cluster ${extra}` : "audit";
    return wrong(`An audit covers a whole cluster; “${extra}” is too much.`, nearest);
  }
  const cluster = parseCluster(split.value.options.get("cluster"), clusters, "audit");
  return cluster.ok ? done({ type: "audit", cluster: cluster.value }) : cluster;
}

function parseWorkload(names: readonly string[]): Parsed<Pick<Question, "namespace" | "name">> {
  const [word, extra] = names;
  if (word === undefined)
    return wrong("Which workload? Say its namespace and its name.", "why NAMESPACE/NAME");
  if (extra !== undefined) {
    const nearest = word.includes("/") ? `why ${asName(word)}` : `why ${asName(word)}/${asName(extra)}`;
    return wrong("One question is about one workload, written as namespace/name.", nearest);
  }
  const parts = word.split("/").filter((part) => part !== "");
  const kindAt = parts.findIndex((part) => kindOf(part) !== null);
  if (parts.length >= 3 && kindAt >= 0) {
    const [namespace = "", name = ""] = parts.filter((_, i) => i !== kindAt);
    return wrong(
      "The kind does not belong into the name.",
      `why ${asName(namespace)}/${asName(name)} --kind ${parts[kindAt]?.toLowerCase()}`,
    );
  }
  const [namespace, name] = parts;
  if (namespace === undefined || name === undefined) {
    return wrong(`“${word}” lacks the namespace.`, `why NAMESPACE/${asName(namespace ?? "NAME")}`);
  }
  if (parts.length > 2) {
    return wrong(
      `“${word}” has too many parts: a workload is namespace/name.`,
      `why ${asName(namespace)}/${asName(name)}`,
    );
  }
  if (!label.test(namespace) || !subdomain.test(name)) {
    return wrong(
      `“${word}” cannot be a name in Kubernetes: lower-case letters, digits and hyphens.`,
      `why ${asName(namespace)}/${asName(name)}`,
    );
  }
  return done({ namespace, name });
}

function parseCluster(
  name: string | undefined,
  { names, default: standard }: CommandClusters,
  command: string,
): Parsed<string> {
  const known = names.join(", ");
  if (name === undefined) {
    const meant = standard ?? (names.length === 1 ? names[0] : undefined);
    if (meant !== undefined) return done(meant);
    return wrong(`Which cluster? Configured: ${known}.`, `${command} --cluster ${names[0] ?? "NAME"}`);
  }
  if (names.includes(name)) return done(name);
  const near = [...names].sort((a, b) => distance(a, name) - distance(b, name))[0];
  return wrong(
    `There is no cluster “${name}” in the configuration. Configured: ${known}.`,
    `${command} --cluster ${near}`,
  );
}

function parseKind(word: string | undefined, workload: string): Parsed<WorkloadKind | null> {
  if (word === undefined) return done(null);
  const kind = kindOf(word);
  if (kind !== null) return done(kind);
  const known = workloadKinds.map((name) => name.toLowerCase());
  const near = [...known].sort((a, b) => distance(a, word) - distance(b, word))[0];
  return wrong(`“${word}” is not a kind. Kinds: ${known.join(", ")}.`, `why ${workload} --kind ${near}`);
}

function parseSince(word: string | undefined, workload: string): Parsed<number> {
  if (word === undefined) return done(defaultSinceSeconds);
  const match = /^(\d{1,6})([smhd])$/.exec(word.toLowerCase());
  const seconds = Number(match?.[1]) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[match?.[2] ?? ""] ?? Number.NaN);
  if (seconds >= minSinceSeconds && seconds <= maxSinceSeconds) return done(seconds);
  const nearest = `why ${workload} --since ${seconds > maxSinceSeconds ? "7d" : seconds < minSinceSeconds ? "1m" : "1h"}`;
  return wrong(`“${word}” is not a time span between 1m and 7d, such as 30m, 1h or 2d.`, nearest);
}

function kindOf(word: string): WorkloadKind | null {
  return workloadKinds.find((kind) => kind.toLowerCase() === word.toLowerCase()) ?? null;
}

function splitOptions(
  verb: string,
  words: readonly string[],
  known: readonly string[],
): Parsed<{ readonly names: readonly string[]; readonly options: ReadonlyMap<string, string> }> {
  const names: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    const match = /^--?([a-z-]+)(?:=(.*))?$/i.exec(word);
    if (match === null) {
      names.push(word);
      continue;
    }
    const option = (match[1] ?? "").toLowerCase();
    if (!known.includes(option)) {
      const near = [...known].sort((a, b) => distance(a, option) - distance(b, option))[0];
      const value = match[2] === undefined ? "" : `=${match[2]}`;
      return wrong(
        `“${word}” is not an option of ${verb}.`,
        [verb, ...words.with(i, `--${near}${value}`)].join(" "),
      );
    }
    const value = match[2] ?? words[i + 1];
    if (value === undefined || value === "" || (match[2] === undefined && value.startsWith("-"))) {
      const example = { since: "1h", kind: "deployment" }[option] ?? "NAME";
      return wrong(
        `--${option} needs a value.`,
        [verb, ...words.with(i, `--${option} ${example}`)].join(" "),
      );
    }
    if (match[2] === undefined) i += 1;
    options.set(option, value);
  }
  return done({ names, options });
}

/** Slack's clients turn two hyphens into a dash and quotes into curly ones; people paste names with backticks. */
function wordsOf(text: string): readonly string[] {
  return text
    .replace(/(^|\s)[–—](?=\w)/g, "$1--")
    .replace(/[`"'“”‘’]/g, " ")
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** The nearest thing that Kubernetes would take as a name. */
function asName(word: string): string {
  const name = word
    .toLowerCase()
    .replace(/[^-a-z0-9./]+/g, "-")
    .replace(/^[-./]+|[-./]+$/g, "")
    .slice(0, 253);
  return name === "" ? "NAME" : name;
}

/** Levenshtein's distance, bounded by the length of what people type. */
function distance(a: string, b: string): number {
  const short = b.slice(0, 64);
  let row = Array.from({ length: short.length + 1 }, (_, i) => i);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= short.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (short[j - 1] === character ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function done<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

function wrong(
  problem: string,
  nearest: string | null,
): { readonly ok: false; readonly error: CommandProblem } {
  return { ok: false, error: { problem, nearest } };
}
