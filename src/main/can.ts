import { canText } from "../adapters/terminal/can-text.ts";
import { createStyle } from "../adapters/terminal/style.ts";
import { type CanAnswer, canRole, canWorkload } from "../app/can.ts";
import { explainResolveError } from "../app/judge.ts";
import { isRoleArn } from "../core/irsa.ts";
import { openCluster } from "./answering.ts";
import { exit, type Io, type Output, type QuestionOptions, questionOf } from "./commands.ts";
import { ConfigError } from "./config-error.ts";

/**
 * `eksiam can`: may this workload's role, or this role, do this? Exit code 0 allowed, 1 denied, 3 where it could not be
 * told.
 */
export async function canCommand(
  subject: string,
  action: string,
  resource: string | undefined,
  options: QuestionOptions & { readonly output: Output },
  io: Io,
): Promise<number> {
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9_]+$/.test(action)) {
    throw new ConfigError(
      `Say which action as service:Name, for example dynamodb:Query; got ${JSON.stringify(action)}.`,
    );
  }
  const on = resource ?? "*";
  const answer = await ask(subject, action, on, options, io);
  const { access, mechanism } = answer;
  const document =
    access.outcome === "unknown"
      ? { conclusion: "inconclusive", because: access.because }
      : {
          conclusion: access.decision.decision === "allowed" ? "allowed" : "denied",
          roleArn: access.roleArn,
          ...access.decision,
          notEvaluated: access.notEvaluated,
        };
  io.stdout.write(
    options.output === "json"
      ? `${JSON.stringify({ schema: "eksiam/can/v1", subject, mechanism, action, resource: on, ...document }, null, 2)}\n`
      : canText(subject, action, on, answer, createStyle(io.stdout, io.env)),
  );
  if (access.outcome === "unknown") return exit.inconclusive;
  return access.decision.decision === "allowed" ? exit.noFault : exit.fault;
}

async function ask(
  subject: string,
  action: string,
  resource: string,
  options: QuestionOptions,
  io: Io,
): Promise<CanAnswer> {
  if (subject.startsWith("arn:")) {
    if (!isRoleArn(subject)) throw new ConfigError(`${subject} is not the ARN of a role.`);
    const { access, deadlineMs } = await openCluster(options, io);
    const question = questionOf("any/any", options, access.name);
    const request = { question, action, resource, signal: AbortSignal.timeout(deadlineMs) };
    return await canRole(access.collectors, subject, request);
  }
  questionOf(subject, options, "");
  const { access, deadlineMs } = await openCluster(options, io);
  const asked = questionOf(subject, options, access.name);
  const signal = AbortSignal.timeout(deadlineMs);
  const resolved = await access.resolve(asked, signal);
  if (!resolved.ok) {
    const message = explainResolveError(resolved.error, asked);
    if (resolved.error.type === "unavailable") throw new Error(message);
    throw new ConfigError(message);
  }
  return await canWorkload(access.collectors, { question: resolved.value, action, resource, signal });
}
