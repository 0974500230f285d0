import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { App } from "@slack/bolt";
import { afterEach, expect, test } from "vitest";
import { createPresenter } from "../../../src/adapters/slack/presenter.ts";
import { snapshot } from "./snapshots.ts";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A Slack that answers as told, and writes down what it was called with. */
async function slackThatAnswers(refuse: (method: string, channel: string) => string | null) {
  const calls: { method: string; channel: string; text: string }[] = [];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const method = request.url?.split("/").at(-1) ?? "";
    const channel = form.get("channel") ?? "";
    calls.push({ method, channel, text: form.get("text") ?? "" });
    const error = refuse(method, channel);
    const answer = error === null ? { ok: true, ts: `${calls.length}.0`, channel } : { ok: false, error };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const slackApiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  const app = new App({
    token: "t",
    signingSecret: "s",
    clientOptions: { slackApiUrl },
    deferInitialization: true,
  });
  const presenter = createPresenter({
    client: app.client,
    pace: async () => undefined,
    approvers: ["U02BOB"],
  });
  return { calls, presenter };
}

const unseen = { channel: "C1", postedIn: null, ts: null, detailsTs: null, shownVersion: 0 };
const seen = { channel: "C1", postedIn: "C1", ts: "1.0", detailsTs: "2.0", shownVersion: 1 };

test.each(["not_in_channel", "channel_not_found", "is_archived"])(
  "%s: whoever asked hears why, and the answer",
  async (error) => {
    const { calls, presenter } = await slackThatAnswers((_method, channel) =>
      channel === "C1" ? error : null,
    );
    const view = await presenter.showInvestigation(unseen, snapshot());
    expect(view.postedIn).toBe("U01ALICE");
    expect(calls.map(({ channel }) => channel)).toEqual(["C1", "U01ALICE", "U01ALICE", "U01ALICE"]);
    expect(calls[1]?.text).toContain("/invite @eksiam");
  },
);

test.each(["not_in_channel", "channel_not_found", "is_archived"])(
  "%s while it runs: the outcome still reaches whoever asked",
  async (error) => {
    const { presenter } = await slackThatAnswers((_method, channel) => (channel === "C1" ? error : null));
    const view = await presenter.showInvestigation(seen, snapshot());
    expect(view.postedIn).toBe("U01ALICE");
  },
);

test("another refusal is an error, so that the job is tried again", async () => {
  const { presenter } = await slackThatAnswers(() => "internal_error");
  await expect(presenter.showInvestigation(unseen, snapshot())).rejects.toThrow("internal_error");
  await expect(presenter.showInvestigation(seen, snapshot())).rejects.toThrow("internal_error");
});

const report = { outcome: { ok: false, problem: "No access." } } as const;
test("a digest that somebody asked for reaches them; a scheduled one without its channel is an error", async () => {
  const { calls, presenter } = await slackThatAnswers((_method, channel) =>
    channel === "C1" ? "not_in_channel" : null,
  );
  const request = { id: "1", cluster: "c", channel: "C1" };
  await presenter.showReport({ ...report, request: { ...request, requester: { slackUserId: "U01ALICE" } } });
  expect(calls.at(-1)).toMatchObject({ channel: "U01ALICE", text: expect.stringContaining("No access.") });
  await expect(presenter.showReport({ ...report, request: { ...request, requester: null } })).rejects.toThrow(
    "not_in_channel",
  );
});
