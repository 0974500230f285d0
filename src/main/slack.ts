import type { Logger } from "pino";
import { createSlackApp } from "../adapters/slack/app.ts";
import type { ListenerDeps } from "../adapters/slack/listeners.ts";
import { createPresenter } from "../adapters/slack/presenter.ts";
import type { Presenter } from "../app/ports.ts";
import { slackSecrets } from "./config.ts";

export interface SlackDeps extends Pick<ListenerDeps, "ask" | "requestAudit" | "review"> {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly port: number;
  readonly clusters: readonly string[];
  readonly approvers: readonly string[];
}

/** Slack takes about one message a second for a channel. */
const channelIntervalMs = 1_000;

/** Connects to Slack. @throws where a token is missing or wrong. */
export async function startSlack(deps: SlackDeps): Promise<{ presenter: Presenter; close(): Promise<void> }> {
  const { env, log, port, clusters, approvers } = deps;
  const secrets = slackSecrets(env);
  const slack = createSlackApp(
    {
      botToken: secrets.slackBotToken,
      appToken: secrets.slackAppToken,
      signingSecret: secrets.slackSigningSecret,
      apiUrl: secrets.slackApiUrl,
      port,
    },
    {
      clusters: { names: clusters, default: clusters[0] ?? null },
      ask: deps.ask,
      requestAudit: deps.requestAudit,
      review: deps.review,
      onError: (what, error) =>
        log.error({ error: error instanceof Error ? error.message : "unknown" }, what),
    },
  );
  await slack.start();
  return {
    presenter: createPresenter({ client: slack.app.client, pace: createPacer(channelIntervalMs), approvers }),
    close: () => slack.stop(),
  };
}

/** The first message goes out at once, the next ones no faster than the interval. */
function createPacer(intervalMs: number): (channel: string) => Promise<void> {
  const nextAt = new Map<string, number>();
  return async (channel) => {
    const now = Date.now();
    const at = Math.max(now, nextAt.get(channel) ?? 0);
    nextAt.set(channel, at + intervalMs);
    if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now));
  };
}
