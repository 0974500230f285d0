import type { App } from "@slack/bolt";
import { z } from "zod";
import type { ReviewRefusal, ReviewRequest } from "../../app/approvals.ts";
import type { Person } from "../../core/approval.ts";
import type { Question } from "../../core/evidence.ts";
import type { Result } from "../../core/result.ts";
import { type CommandClusters, parseCommand } from "./command.ts";
import { refusalTexts, renderHelp, renderProblem } from "./help.ts";
import type { SlackMessage } from "./message.ts";

/** The use cases behind the listeners. Each only enqueues, so that Slack hears back within three seconds. */
export interface ListenerDeps {
  readonly clusters: CommandClusters;
  ask(request: { question: Question; requester: Person; channel: string }): Promise<unknown>;
  requestAudit(request: { cluster: string; channel: string; requester: Person }): Promise<void>;
  review(request: ReviewRequest): Promise<Result<unknown, ReviewRefusal>>;
  /** Told of what went wrong; texts from outside are not in it. */
  onError(what: string, error: unknown): void;
}

export interface CommandCall {
  readonly text: string;
  readonly slackUserId: string;
  readonly channel: string;
}

/** Slack waits three seconds for a command's acknowledgement, and then tells the person that the app has failed. */
const enqueueWithinMs = 2_500;

/** Answers a slash command: null where the answer comes as a message of its own, else what only the asker sees. */
export async function handleCommand(deps: ListenerDeps, call: CommandCall): Promise<SlackMessage | null> {
  const parsed = parseCommand(call.text, deps.clusters);
  if (!parsed.ok) return renderProblem(parsed.error);
  const requester = { slackUserId: call.slackUserId };
  const { channel } = call;
  try {
    switch (parsed.value.type) {
      case "help":
        return renderHelp(deps.clusters);
      case "why":
        await inTime(deps.ask({ question: parsed.value.question, requester, channel }));
        return null;
      case "audit":
        await inTime(deps.requestAudit({ cluster: parsed.value.cluster, channel, requester }));
        return renderProblemText(`The audit of ${parsed.value.cluster} has started; its digest comes here.`);
    }
  } catch (error) {
    deps.onError("a command could not be enqueued", error);
    return renderProblemText(
      "eksiam's queue does not answer, so the question was not taken. Please try again in a minute.",
    );
  }
}

const buttonValue = z.object({ approvalId: z.string().min(1), planDigest: z.string().min(1) });

/** Submits a review; answers the sentence for a person whose click did not count, else null. */
export async function handleReview(
  deps: ListenerDeps,
  click: { readonly verdict: "approve" | "deny"; readonly value: string; readonly slackUserId: string },
): Promise<string | null> {
  const parsed = buttonValue.safeParse(parseJson(click.value));
  if (!parsed.success) return refusalTexts["not-found"];
  try {
    const reviewed = await deps.review({
      ...parsed.data,
      verdict: click.verdict,
      slackUserId: click.slackUserId,
    });
    return reviewed.ok ? null : refusalTexts[reviewed.error];
  } catch (error) {
    deps.onError("a review could not be taken", error);
    return "eksiam's store does not answer, so your click did not count. Please press again in a minute.";
  }
}

/** Connects the handlers with Bolt. */
export function registerListeners(app: App, deps: ListenerDeps): void {
  app.command("/eksiam", async ({ command, ack }) => {
    const call = { text: command.text ?? "", slackUserId: command.user_id, channel: command.channel_id };
    const answer = await handleCommand(deps, call);
    if (answer === null) await ack();
    else await ack({ response_type: "ephemeral", text: answer.text, blocks: [...answer.blocks] });
  });
  for (const verdict of ["approve", "deny"] as const) {
    app.action(verdict, async ({ ack, body, client, respond }) => {
      await ack();
      if (body.type !== "block_actions") return;
      const [action] = body.actions;
      const value = action?.type === "button" ? (action.value ?? "") : "";
      const refusal = await handleReview(deps, { verdict, value, slackUserId: body.user.id });
      const channel = body.channel?.id;
      if (refusal === null) return;
      try {
        if (channel === undefined) throw new Error("a click outside of a channel");
        await client.chat.postEphemeral({ channel, user: body.user.id, text: refusal });
      } catch {
        // Where eksiam is no member, it may still answer the click itself.
        await respond({ response_type: "ephemeral", replace_original: false, text: refusal });
      }
    });
  }
  app.error(async (error) => deps.onError("a Slack request failed", error));
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the queue did not answer in time")), enqueueWithinMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function renderProblemText(text: string): SlackMessage {
  return { text, blocks: [{ type: "section", text: { type: "plain_text", text } }] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
