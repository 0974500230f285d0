import { webApi } from "@slack/bolt";

/** The scopes that deploy/slack-manifest.yaml asks for and without which nothing can be posted. */
const neededScopes = ["commands", "chat:write"];

/**
 * Asks Slack whose tokens these are. @throws Error with what is wrong and what to do.
 * https://docs.slack.dev/reference/methods/auth.test
 */
export async function checkSlackTokens(secrets: {
  readonly slackBotToken: string;
  readonly slackApiUrl: string | null;
}): Promise<void> {
  const client = new webApi.WebClient(secrets.slackBotToken, {
    ...(secrets.slackApiUrl === null ? {} : { slackApiUrl: secrets.slackApiUrl }),
    retryConfig: { retries: 0 },
    timeout: 10_000,
  });
  let scopes: readonly string[];
  try {
    scopes = (await client.auth.test()).response_metadata?.scopes ?? [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new Error(
      `Slack does not accept SLACK_BOT_TOKEN (${reason}): install the app again and copy its token`,
    );
  }
  const missing = neededScopes.filter((scope) => scopes.length > 0 && !scopes.includes(scope));
  if (missing.length > 0) {
    throw new Error(
      `the bot token lacks the scopes ${missing.join(", ")}: install the app from deploy/slack-manifest.yaml`,
    );
  }
}
