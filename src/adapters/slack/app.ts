import { App, HTTPReceiver, type Logger, LogLevel } from "@slack/bolt";
import { type ListenerDeps, registerListeners } from "./listeners.ts";

export interface SlackConnection {
  readonly botToken: string;
  /** With it Socket Mode is used, and no ingress is needed. */
  readonly appToken: string | null;
  /** Without an app token Slack calls over HTTP, and signs its requests with this. */
  readonly signingSecret: string | null;
  /** Another Slack than slack.com; null: the real one. */
  readonly apiUrl: string | null;
  /** For HTTP: `/slack/events`, and `/healthz` for probes. */
  readonly port: number;
}

export interface SlackApp {
  readonly app: App;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A person waits for each answer: a few quick tries, then the job that posts is retried by its queue. */
const retryConfig = { retries: 3, minTimeout: 300, maxTimeout: 2_000 };

/** Bolt in Socket Mode or over HTTP, chosen by the tokens that are there. */
export function createSlackApp(connection: SlackConnection, deps: ListenerDeps): SlackApp {
  const { botToken, appToken, signingSecret, apiUrl, port } = connection;
  const clientOptions = { retryConfig, ...(apiUrl === null ? {} : { slackApiUrl: apiUrl }) };
  const logger = createLogger(deps);
  // Deferred, so that a wrong token is an error of start() and not of nobody.
  const common = { token: botToken, clientOptions, logger, deferInitialization: true };
  const app =
    appToken !== null
      ? new App({ ...common, socketMode: true, appToken })
      : new App({ ...common, receiver: httpReceiver(signingSecret, logger) });
  registerListeners(app, deps);
  return {
    app,
    async start() {
      await app.init();
      // Bolt would find out with the first click.
      await app.client.auth.test();
      if (appToken !== null) await app.start();
      else await app.start(port);
    },
    async stop() {
      await app.stop();
    },
  };
}

function httpReceiver(signingSecret: string | null, logger: Logger): HTTPReceiver {
  if (signingSecret === null || signingSecret === "") {
    throw new Error("Slack needs an app token (Socket Mode) or a signing secret (HTTP); there is neither.");
  }
  return new HTTPReceiver({
    signingSecret,
    logger,
    customRoutes: [
      {
        path: "/healthz",
        method: ["GET"],
        handler: (_request, response) => {
          response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
        },
      },
    ],
  });
}

/** Only what Bolt calls an error is passed on, and no token in it: its other levels print whole requests. */
function createLogger({ onError }: Pick<ListenerDeps, "onError">): Logger {
  const silent = () => undefined;
  return {
    debug: silent,
    info: silent,
    warn: silent,
    error: (...parts) => onError("Slack's client reported an error", new Error(withoutTokens(parts))),
    setLevel: silent,
    getLevel: () => LogLevel.ERROR,
    setName: silent,
  };
}

function withoutTokens(parts: readonly unknown[]): string {
  const text = parts.map((part) => (part instanceof Error ? part.message : String(part))).join(" ");
  return text.replace(/\bx(ox[a-z]|app)-[\w-]+/g, "(token)").replace(/https?:\/\/\S+/g, "(address)");
}
