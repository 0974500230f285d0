import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { printable } from "../adapters/terminal/style.ts";
import { type Question, type WorkloadKind, workloadKinds } from "../core/evidence.ts";
import { redact } from "../core/redact.ts";
import { ConfigError, durationMs } from "./config-error.ts";

/** The parts of the process that a command touches; a test hands in its own. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Exit codes, as scripts rely on them. */
export const exit = { noFault: 0, fault: 1, usage: 2, inconclusive: 3, failed: 4 } as const;

export interface ClusterOptions {
  readonly cluster?: string;
  readonly context?: string;
  readonly config?: string;
}

export interface QuestionOptions extends ClusterOptions {
  readonly kind?: WorkloadKind;
  readonly container?: string;
  readonly since: number;
  readonly verbose?: boolean;
}

export type Output = "text" | "json" | "markdown";

/**
 * Runs one command line and answers its exit code. Never throws, never ends the process. Each command loads only what
 * it needs: the SDKs cost a second.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exit.noFault;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.noFault : exit.usage;
    const message = error instanceof Error ? error.message : String(error);
    // A message may quote a file or a cluster: only its own line breaks are kept.
    io.stderr.write(`eksiam: ${redact(message).split("\n").map(printable).join("\n")}\n`);
    return error instanceof ConfigError ? exit.usage : exit.failed;
  }
}

function createProgram(io: Io, finish: (code: number) => void): Command {
  const program = new Command("eksiam")
    .description("Finds out why a pod on Amazon EKS gets AccessDenied or no AWS credentials.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .showHelpAfterError("(eksiam --help lists the commands)");

  withQuestion(program.command("why"))
    .description("say what is broken for one workload, with its evidence and the fix")
    .addOption(output())
    .option("--bundle <file>", "judge recorded evidence, touch nothing")
    .action(async (workload: string | undefined, options) => {
      const { whyCommand } = await import("./answering.ts");
      finish(await whyCommand(workload, options, io));
    });

  withQuestion(program.command("collect"))
    .description("write the evidence, redacted, as a bundle that `why --bundle` judges offline")
    .requiredOption("--out <file>", "the bundle to write")
    .action(async (workload: string | undefined, options) => {
      const { collectCommand } = await import("./answering.ts");
      finish(await collectCommand(workload, options, io));
    });

  withCluster(program.command("audit"))
    .description("judge every workload of a cluster")
    .option("--namespace <name>", "only this namespace")
    .addOption(output())
    .addOption(verbose())
    .option("--since-last <file>", "tell what changed since this audit, as `audit --output json` wrote it")
    .action(async (options) => {
      const { auditCommand } = await import("./answering.ts");
      finish(await auditCommand(options, io));
    });

  program
    .command("logs")
    .argument("[files...]", "log files; none, or -: standard input")
    .description("find AWS credential and authorization errors in logs")
    .addOption(output("text", "json"))
    .option("--per-record", "every line is a JSON object {id, log}; every answer one line {id, errors}")
    .action(async (files: readonly string[], options) => {
      const { logsCommand } = await import("./logs.ts");
      finish(await logsCommand(files, options, io));
    });

  program
    .command("simulate")
    .argument("[file]", "one case as JSON; none, or -: standard input")
    .description("evaluate IAM policies, offline")
    .option("--jsonl", "one case a line, one answer a line")
    .action(async (file: string | undefined, options) => {
      const { simulateCommand } = await import("./simulate.ts");
      finish(await simulateCommand(file, options, io));
    });

  withCluster(program.command("can"))
    .argument("<subject>", "<namespace>/<name>, or the ARN of a role")
    .argument("<action>", "for example dynamodb:Query")
    .argument("[resource]", "an ARN; none: *")
    .description("say whether a workload's role may do something, and which statement decides")
    .addOption(kindOption())
    .addOption(output("text", "json"))
    .action(async (subject: string, action: string, resource: string | undefined, options) => {
      const { canCommand } = await import("./can.ts");
      finish(await canCommand(subject, action, resource, { ...options, since: 3_600 }, io));
    });

  withCluster(program.command("doctor"))
    .description(
      "check the configuration, tokens, Redis and every permission that is needed, each with its fix",
    )
    .addOption(output("text", "json"))
    .action(async (options) => {
      const { doctorCommand } = await import("./doctor.ts");
      finish(await doctorCommand(options, io));
    });

  program
    .command("rules")
    .argument("[id]", "one failure mode, by its id or a former name")
    .description("the catalogue of failure modes")
    .addOption(output())
    .action(async (id: string | undefined, options) => {
      const { rulesCommand } = await import("./rules.ts");
      finish(rulesCommand(id, options, io));
    });

  program
    .command("start")
    .description("run the service: Slack bot, investigator and executor, together or one of them")
    .addOption(
      new Option("--role <role>", "what this process is")
        .choices(["all", "bot", "investigator", "executor"])
        .default("all"),
    )
    .option("--config <file>", "configuration (default: $EKSIAM_CONFIG, else eksiam.yaml)")
    .option("--check", "start every part, then stop: exit code 0 where the role can run")
    .action(async (options) => {
      const { startCommand } = await import("./service.ts");
      finish(await startCommand(options, io));
    });

  program
    .command("demo")
    .description("simulated clusters, the bot, and a Slack page in the browser; Ctrl-C ends it")
    .option("--port <port>", "port of the Slack page", portNumber, 3000)
    .action(async (options) => {
      const { demoCommand } = await import("./demo.ts");
      finish(await demoCommand(options, io));
    });

  return program;
}

function withCluster(command: Command): Command {
  return command
    .option("--cluster <name>", "EKS cluster (default: the configuration's first, else the kubeconfig's)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--config <file>", "configuration (default: $EKSIAM_CONFIG, else eksiam.yaml where it exists)");
}

function withQuestion(command: Command): Command {
  return withCluster(command)
    .argument("[workload]", "<namespace>/<name>")
    .addOption(kindOption())
    .option("--container <name>", "judge this container only")
    .option("--since <duration>", "how far back logs and CloudTrail are read", seconds, 3_600)
    .addOption(verbose());
}

function verbose(): Option {
  return new Option("--verbose", "say on standard error how many calls it took");
}

function kindOption(): Option {
  const kinds = workloadKinds.map((kind) => kind.toLowerCase()).join(", ");
  return new Option("--kind <kind>", `one of ${kinds}`).argParser(workloadKind);
}

function output(...formats: readonly Output[]): Option {
  return new Option("--output <format>", "format of the answer")
    .choices(formats.length === 0 ? ["text", "json", "markdown"] : formats)
    .default("text");
}

/** @throws ConfigError where it is not `<namespace>/<name>`. */
export function questionOf(
  workload: string | undefined,
  options: QuestionOptions,
  cluster: string,
): Question {
  const match = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/.exec(
    workload ?? "",
  );
  const [, namespace, name] = match ?? [];
  if (namespace === undefined || name === undefined) {
    const given = workload === undefined ? "no workload" : JSON.stringify(workload);
    throw new ConfigError(`Say which workload as <namespace>/<name>, for example carts/carts; got ${given}.`);
  }
  return {
    cluster,
    namespace,
    name,
    kind: options.kind ?? null,
    container: options.container ?? null,
    sinceSeconds: options.since,
  };
}

function workloadKind(text: string): WorkloadKind {
  const kind = workloadKinds.find((known) => known.toLowerCase() === text.toLowerCase());
  if (kind === undefined) throw new InvalidArgumentError(`Known kinds: ${workloadKinds.join(", ")}.`);
  return kind;
}

function seconds(text: string): number {
  try {
    return Math.max(1, Math.round(durationMs(text) / 1_000));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : "");
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("A port is 0 to 65535.");
  return port;
}
