import { App, HTTPReceiver, LogLevel } from "@slack/bolt";
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
  const common = { token: botToken, clientOptions, logLevel: LogLevel.ERROR };
  const app =
    appToken !== null
      ? new App({ ...common, socketMode: true, appToken })
      : new App({ ...common, receiver: httpReceiver(signingSecret ?? "") });
  registerListeners(app, deps);
  return {
    app,
    async start() {
      if (appToken !== null) await app.start();
      else await app.start(port);
    },
    async stop() {
      await app.stop();
    },
  };
}

function httpReceiver(signingSecret: string): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret,
    logLevel: LogLevel.ERROR,
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
