import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../sandbox/redis.ts";
import { type LocalSlack, startLocalSlack } from "../../../sandbox/slack/local-slack.ts";
import { createSlackApp, type SlackApp } from "../../../src/adapters/slack/app.ts";
import type { ListenerDeps } from "../../../src/adapters/slack/listeners.ts";
import { createPresenter } from "../../../src/adapters/slack/presenter.ts";
import type { ReviewRequest } from "../../../src/app/approvals.ts";
import type { View } from "../../../src/app/investigation.ts";
import { approval, investigation, snapshot } from "./snapshots.ts";

const clusters = { names: ["eks-workshop"], default: "eks-workshop" };
const slack = await startLocalSlack();

/** Use cases that write down what they were asked. */
function recorder(replies: Partial<ListenerDeps> = {}) {
  const calls: unknown[] = [];
  const errors: string[] = [];
  const deps: ListenerDeps = {
    clusters,
    ask: async (request) => void calls.push({ ask: request }),
    requestAudit: async (request) => void calls.push({ audit: request }),
    review: async (request: ReviewRequest) => {
      calls.push({ review: request });
      return { ok: true, value: null };
    },
    onError: (what, error) => errors.push(`${what}: ${error instanceof Error ? error.message : ""}`),
    ...replies,
  };
  return { deps, calls, errors };
}

afterAll(async () => {
  await slack?.close();
});

describe.skipIf(slack === null)("in Socket Mode, against a local Slack", () => {
  // The body of a skipped suite runs too: where there is no local Slack, only its shape is needed.
  const local = slack ?? ({ users: {}, channels: {} } as LocalSlack);
  const { url, apiUrl, botToken, appToken, users, channels } = local;
  const connection = { botToken, appToken, signingSecret: null, apiUrl, port: 0 };
  let current: ReturnType<typeof recorder>;
  let app: SlackApp;

  beforeAll(async () => {
    const forward: ListenerDeps = {
      clusters,
      ask: (request) => current.deps.ask(request),
      requestAudit: (request) => current.deps.requestAudit(request),
      review: (request) => current.deps.review(request),
      onError: (what, error) => current.deps.onError(what, error),
    };
    current = recorder();
    app = createSlackApp(connection, forward);
    await app.start();
    await vi.waitFor(async () => {
      const { log } = (await (await fetch(`${url}/_control/log`)).json()) as { log: readonly unknown[] };
      expect(JSON.stringify(log)).toContain("socket connected");
    });
  });

  beforeEach(async () => {
    current = recorder();
    await local.reset();
  });

  afterAll(async () => {
    await app.stop();
  });

  const whispersTo = async (user: string, channel: string = channels.platformAws) =>
    (await local.messages(channel)).filter((message) => message.ephemeral_to === user);

  test("a question reaches the use case, and Slack is answered without a word", async () => {
    await local.command(users.alice, channels.cartsTeam, "why carts/carts --since 2h");

    expect(current.calls).toEqual([
      {
        ask: {
          question: {
            cluster: "eks-workshop",
            namespace: "carts",
            name: "carts",
            kind: null,
            container: null,
            sinceSeconds: 7200,
          },
          requester: { slackUserId: users.alice },
          channel: channels.cartsTeam,
        },
      },
    ]);
    expect(await local.messages(channels.cartsTeam)).toEqual([]);
  });

  test("an audit is taken, and only the asker is told that it runs", async () => {
    await local.command(users.bob, channels.platformAws, "audit");

    expect(current.calls).toMatchObject([
      {
        audit: {
          cluster: "eks-workshop",
          channel: channels.platformAws,
          requester: { slackUserId: users.bob },
        },
      },
    ]);
    const [told] = await whispersTo(users.bob);
    expect(told?.text).toContain("has started");
  });

  test("a wrong command is answered with what is right, to the asker alone, as text and not as Slack's syntax", async () => {
    await local.command(users.alice, channels.platformAws, "wyh <!channel> carts/carts");

    expect(current.calls).toEqual([]);
    const [told] = await whispersTo(users.alice);
    expect(told?.text).toContain("“wyh” is not a command.");
    expect(told?.text).toContain("/eksiam why &lt;!channel&gt; carts/carts");
  });

  test("the help comes to the asker alone", async () => {
    await local.command(users.alice, channels.platformAws, "");
    const [told] = await whispersTo(users.alice);
    expect(told?.text).toContain("/eksiam audit");
  });

  test("a queue that is down is said at once", async () => {
    current = recorder({
      ask: async () => {
        throw new Error("connect ECONNREFUSED");
      },
    });
    await local.command(users.alice, channels.platformAws, "why carts/carts");

    const [told] = await whispersTo(users.alice);
    expect(told?.text).toContain("queue does not answer");
    expect(current.errors).toEqual(["a command could not be enqueued: connect ECONNREFUSED"]);
  });

  const pace = async () => undefined;
  const view = (channel: string): View => ({
    channel,
    postedIn: null,
    ts: null,
    detailsTs: null,
    shownVersion: 0,
  });
  const presenter = () =>
    createPresenter({ client: app.app.client, pace, approvers: [users.bob, users.carol] });

  async function shownApproval() {
    const shown = await presenter().showInvestigation(view(channels.platformAws), snapshot());
    const message = (await local.messages(channels.platformAws)).find(({ ts }) => ts === shown.ts);
    const elements = (message?.blocks ?? []).flatMap((block) =>
      block.type === "actions" ? (block.elements ?? []) : [],
    );
    const valueFor = (actionId: string) =>
      elements.find((element) => element.action_id === actionId)?.value ?? "";
    return { shown, valueFor };
  }

  test.each(["approve", "deny"] as const)(
    "a click on %s submits a review of the plan that was shown",
    async (verdict) => {
      const { shown, valueFor } = await shownApproval();
      await local.press(users.bob, channels.platformAws, shown.ts ?? "", {
        actionId: verdict,
        value: valueFor(verdict),
      });

      await vi.waitFor(() => expect(current.calls).toHaveLength(1));
      expect(current.calls).toEqual([
        {
          review: {
            approvalId: approval.id,
            planDigest: approval.planDigest,
            verdict,
            slackUserId: users.bob,
          },
        },
      ]);
      expect(await whispersTo(users.bob)).toEqual([]);
    },
  );

  test("a refused click is explained to that person alone", async () => {
    current = recorder({ review: async () => ({ ok: false, error: "self-review" }) });
    const { shown, valueFor } = await shownApproval();
    await local.press(users.alice, channels.platformAws, shown.ts ?? "", {
      actionId: "approve",
      value: valueFor("approve"),
    });

    await vi.waitFor(async () => expect(await whispersTo(users.alice)).toHaveLength(1));
    const [told] = await whispersTo(users.alice);
    expect(told?.text).toContain("somebody else has to approve it");
  });

  test("a store that is down is said to whoever pressed", async () => {
    current = recorder({
      review: async () => {
        throw new Error("connect ECONNREFUSED");
      },
    });
    const { shown, valueFor } = await shownApproval();
    await local.press(users.bob, channels.platformAws, shown.ts ?? "", {
      actionId: "approve",
      value: valueFor("approve"),
    });

    await vi.waitFor(async () => expect(await whispersTo(users.bob)).toHaveLength(1));
    const [told] = await whispersTo(users.bob);
    expect(told?.text).toContain("your click did not count");
    expect(current.errors).toEqual(["a review could not be taken: connect ECONNREFUSED"]);
  });

  test("a button that this program did not make submits nothing", async () => {
    const { shown } = await shownApproval();
    await local.press(users.bob, channels.platformAws, shown.ts ?? "", { actionId: "approve", value: "{}" });

    await vi.waitFor(async () => expect(await whispersTo(users.bob)).toHaveLength(1));
    expect(current.calls).toEqual([]);
  });

  test("one message a question, updated in place, with the details once in its thread", async () => {
    const gathering = { ...investigation, status: "gathering" } as const;
    const first = await presenter().showInvestigation(
      view(channels.platformAws),
      snapshot({ investigation: gathering, diagnosis: null, approval: null }),
    );
    const second = await presenter().showInvestigation(first, snapshot());
    const third = await presenter().showInvestigation(
      second,
      snapshot({ approval: { ...approval, state: "expired" } }),
    );

    expect(third).toEqual(second);
    const messages = await local.messages(channels.platformAws);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatchObject({ ts: first.ts, text: expect.stringContaining("Expired") });
    expect(messages[1]).toMatchObject({ ts: second.detailsTs, thread_ts: first.ts });
  });

  test("a message that somebody deleted is posted anew", async () => {
    const first = await presenter().showInvestigation(view(channels.platformAws), snapshot());
    await local.reset();
    const again = await presenter().showInvestigation(first, snapshot());

    expect(again.ts).not.toBe(first.ts);
    expect(await local.messages(channels.platformAws)).toHaveLength(2);
  });

  test("where it may not post, whoever asked gets the answer and the reason", async () => {
    const shown = await presenter().showInvestigation(view("C0ELSEWHERE"), snapshot());

    expect(shown.postedIn).not.toBe("C0ELSEWHERE");
    const messages = await local.messages(shown.postedIn ?? "");
    expect(messages[0]?.text).toContain("/invite @eksiam");
    expect(messages[1]).toMatchObject({
      ts: shown.ts,
      text: expect.stringContaining("No identity is configured"),
    });
    const updated = await presenter().showInvestigation(shown, snapshot());
    expect(updated.ts).toBe(shown.ts);
  });
});

describe.skipIf(slack === null)("over HTTP", () => {
  const signingSecret = ["not", "a", "real", "secret"].join("-");
  let port: number;
  let app: SlackApp;
  let current: ReturnType<typeof recorder>;

  beforeEach(async () => {
    current = recorder();
    port = await freePort();
    const { apiUrl, botToken } = slack as LocalSlack;
    app = createSlackApp({ botToken, appToken: null, signingSecret, apiUrl, port }, current.deps);
    await app.start();
  });

  afterEach(async () => {
    await app.stop();
  });

  const body = new URLSearchParams({
    command: "/eksiam",
    text: "why carts/carts",
    user_id: "U01ALICE",
    channel_id: "C02CARTS",
    team_id: "T01WORKSHOP",
    response_url: "http://127.0.0.1:1/",
    trigger_id: "1.2.3",
  }).toString();

  function send(secret: string, at: number, form = body) {
    const timestamp = String(Math.floor(at / 1000));
    const signature = `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${form}`).digest("hex")}`;
    return fetch(`http://127.0.0.1:${port}/slack/events`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature,
      },
      body: form,
    });
  }

  test("a signed command reaches the use case", async () => {
    const answer = await send(signingSecret, Date.now());

    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("");
    expect(current.calls).toMatchObject([
      { ask: { question: { namespace: "carts", name: "carts" }, requester: { slackUserId: "U01ALICE" } } },
    ]);
  });

  test("a signed click reaches the use case", async () => {
    const click = {
      type: "block_actions",
      user: { id: "U02BOB" },
      team: { id: "T01WORKSHOP" },
      channel: { id: "C01PLATFORM" },
      response_url: "http://127.0.0.1:1/",
      actions: [
        {
          type: "button",
          action_id: "deny",
          block_id: "b",
          value: JSON.stringify({ approvalId: "a", planDigest: "d" }),
        },
      ],
    };
    const form = new URLSearchParams({ payload: JSON.stringify(click) }).toString();
    expect((await send(signingSecret, Date.now(), form)).status).toBe(200);
    await vi.waitFor(() => expect(current.calls).toHaveLength(1));
    expect(current.calls).toEqual([
      { review: { approvalId: "a", planDigest: "d", verdict: "deny", slackUserId: "U02BOB" } },
    ]);
  });

  test("a wrong signature and an old request are refused", async () => {
    const wrong = await send(`${signingSecret}!`, Date.now());
    const old = await send(signingSecret, Date.now() - 10 * 60_000);

    expect([wrong.status, old.status]).toEqual([401, 401]);
    expect(current.calls).toEqual([]);
    expect(current.errors.join()).not.toContain(signingSecret);
  });

  test("probes are answered, other paths are not", async () => {
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/slack/install`)).status).toBe(404);
  });
});

test("without an app token and a signing secret nothing is started", () => {
  const connection = { botToken: "t", appToken: null, signingSecret: null, apiUrl: null, port: 0 };
  expect(() => createSlackApp(connection, recorder().deps)).toThrow(/app token .* signing secret/);
});

test("a token that Slack does not take is an error of the start", async () => {
  const refusing = createServer((_request, response) => {
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"ok":false,"error":"invalid_auth"}');
  });
  refusing.listen(0, "127.0.0.1");
  await once(refusing, "listening");
  const apiUrl = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/api/`;
  const connection = { botToken: "t", appToken: "t", signingSecret: null, apiUrl, port: 0 };
  try {
    await expect(createSlackApp(connection, recorder().deps).start()).rejects.toThrow("invalid_auth");
  } finally {
    refusing.close();
  }
});
