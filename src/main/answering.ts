import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseAudit } from "../adapters/file/audit.ts";
import { readBundle, writeBundle } from "../adapters/file/bundle.ts";
import { auditMarkdown, auditText } from "../adapters/terminal/audit-text.ts";
import { callsLine, callsText } from "../adapters/terminal/calls-text.ts";
import { diagnosisJson } from "../adapters/terminal/diagnosis-json.ts";
import { diagnosisMarkdown } from "../adapters/terminal/diagnosis-markdown.ts";
import { diagnosisText } from "../adapters/terminal/diagnosis-text.ts";
import { createStyle, printable } from "../adapters/terminal/style.ts";
import { audit } from "../app/audit.ts";
import { createCallBudget } from "../app/call-budget.ts";
import { type Answer, answer, explainResolveError } from "../app/judge.ts";
import type { ClusterAccess } from "../app/ports.ts";
import { diagnose } from "../core/diagnose.ts";
import type { Diagnosis } from "../core/diagnosis.ts";
import type { AuditResult } from "../core/digest.ts";
import { rules } from "../rules/index.ts";
import {
  type ClusterOptions,
  exit,
  type Io,
  type Output,
  type QuestionOptions,
  questionOf,
} from "./commands.ts";
import { loadConfig } from "./config.ts";
import { ConfigError } from "./config-error.ts";

const clock = () => new Date().toISOString();

export async function whyCommand(
  workload: string | undefined,
  options: QuestionOptions & { readonly output: Output; readonly bundle?: string },
  io: Io,
): Promise<number> {
  if (options.bundle !== undefined) {
    const diagnosis = diagnose(rules, await readBundleOrExplain(options.bundle));
    if (options.verbose === true) io.stderr.write(callsText({}));
    return show(diagnosis, options.output, io);
  }
  const { diagnosis } = await ask(workload, options, io);
  return show(diagnosis, options.output, io);
}

export async function collectCommand(
  workload: string | undefined,
  options: QuestionOptions & { readonly out: string },
  io: Io,
): Promise<number> {
  const { bundle, diagnosis } = await ask(workload, options, io);
  await writeBundle(options.out, bundle);
  io.stderr.write(`Wrote ${options.out}. Judge it with: eksiam why --bundle ${options.out}\n`);
  return diagnosis.blindSpots.length === 0 ? exit.noFault : exit.inconclusive;
}

export async function auditCommand(
  options: ClusterOptions & {
    readonly namespace?: string;
    readonly output: Output;
    readonly sinceLast?: string;
    readonly verbose?: boolean;
  },
  io: Io,
): Promise<number> {
  const last = options.sinceLast === undefined ? null : await readAudit(options.sinceLast);
  const { access, deadlineMs } = await openCluster(options, io);
  const deps = { rules, clock, deadlineMs, concurrency: 4, sinceSeconds: 3_600 };
  const outcome = await audit(deps, access, options.namespace ?? null, last, (workload, counts) => {
    if (options.verbose === true) io.stderr.write(callsLine(workload, counts));
  });
  if (!outcome.ok) {
    io.stderr.write(`eksiam: ${printable(outcome.problem)}\n`);
    return outcome.reason === "no-namespace" ? exit.usage : exit.inconclusive;
  }
  const { result } = outcome;
  const style = createStyle(io.stdout, io.env);
  const texts = {
    text: () => auditText(result, style),
    json: () => `${JSON.stringify(result, null, 2)}\n`,
    markdown: () => auditMarkdown(result),
  };
  io.stdout.write(texts[options.output]());
  if (result.workloads.some((entry) => entry.conclusion === "cause-found")) return exit.fault;
  return result.workloads.some((entry) => entry.conclusion === "inconclusive")
    ? exit.inconclusive
    : exit.noFault;
}

function show(diagnosis: Diagnosis, output: Output, io: Io): number {
  const texts = {
    text: () => diagnosisText(diagnosis, createStyle(io.stdout, io.env)),
    json: () => diagnosisJson(diagnosis),
    markdown: () => diagnosisMarkdown(diagnosis),
  };
  io.stdout.write(texts[output]());
  const codes = {
    "no-fault-found": exit.noFault,
    "cause-found": exit.fault,
    inconclusive: exit.inconclusive,
  };
  return codes[diagnosis.conclusion];
}

async function ask(workload: string | undefined, options: QuestionOptions, io: Io): Promise<Answer> {
  questionOf(workload, options, "");
  const { access, deadlineMs } = await openCluster(options, io);
  const question = questionOf(workload, options, access.name);
  const progress = io.stderr.isTTY === true;
  const budget = createCallBudget();
  const answered = await answer({ rules, clock, deadlineMs }, access, question, {
    budget,
    onObservation(kind, observation) {
      if (progress) io.stderr.write(`${observation.status === "unavailable" ? "?" : "·"} ${kind}\n`);
    },
  });
  if (options.verbose === true) io.stderr.write(callsText(budget.counts()));
  if (!answered.ok) {
    const message = explainResolveError(answered.error, question);
    if (answered.error.type === "unavailable") throw new Error(message);
    throw new ConfigError(message);
  }
  return answered.value;
}

/** The cluster that the options, the configuration or the kubeconfig name, ready to be asked. */
export async function openCluster(
  options: ClusterOptions,
  io: Io,
): Promise<{ access: ClusterAccess; deadlineMs: number }> {
  const path = options.config ?? io.env["EKSIAM_CONFIG"] ?? "eksiam.yaml";
  const wanted = options.config !== undefined || io.env["EKSIAM_CONFIG"] !== undefined || existsSync(path);
  const config = wanted ? await loadConfig(path) : null;
  // The SDKs are loaded only by commands that ask a cluster.
  const { openOneCluster } = await import("./clusters.ts");
  return {
    access: openOneCluster(options, config, io.env),
    deadlineMs: config?.investigation.deadline ?? 60_000,
  };
}

async function readBundleOrExplain(path: string) {
  try {
    return await readBundle(path);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : "The bundle cannot be read.");
  }
}

async function readAudit(path: string): Promise<AuditResult> {
  try {
    return parseAudit(JSON.parse(await readFile(path, "utf8")));
  } catch {
    throw new ConfigError(`${path} is not an audit. Write one with: eksiam audit --output json > ${path}`);
  }
}
