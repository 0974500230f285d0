import type { App } from "@slack/bolt";
import type { View } from "../../app/investigation.ts";
import type { InvestigationSnapshot, Presenter } from "../../app/ports.ts";
import type { SlackMessage } from "./message.ts";
import { renderDetails } from "./render-details.ts";
import { type RenderOptions, renderInvestigation } from "./render-investigation.ts";
import { renderReport } from "./render-report.ts";

type WebClient = App["client"];

export interface PresenterDeps extends RenderOptions {
  readonly client: WebClient;
  /** Waits until the channel may be posted to again: https://docs.slack.dev/apis/web-api/rate-limits */
  readonly pace: (channel: string) => Promise<void>;
}

/** Shows state in Slack: one message a view, updated in place, with its details in the thread. */
export function createPresenter({ client, pace, approvers }: PresenterDeps): Presenter {
  async function post(channel: string, message: SlackMessage, threadTs?: string) {
    await pace(channel);
    const posted = await client.chat.postMessage({
      channel,
      text: message.text,
      blocks: [...message.blocks],
      unfurl_links: false,
      unfurl_media: false,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    });
    return { channel: posted.channel ?? channel, ts: posted.ts ?? "" };
  }

  /** False: somebody has deleted the message, or eksiam may no longer write where it is. */
  async function update(channel: string, ts: string, message: SlackMessage): Promise<boolean> {
    await pace(channel);
    try {
      await client.chat.update({ channel, ts, text: message.text, blocks: [...message.blocks] });
      return true;
    } catch (error) {
      if (errorCode(error) === "message_not_found" || cannotPost(error)) return false;
      throw error;
    }
  }

  /** Where eksiam may not post, the person who asked gets the answer, with the reason. */
  async function postOrTell(channel: string, slackUserId: string, message: SlackMessage) {
    try {
      return await post(channel, message);
    } catch (error) {
      if (!cannotPost(error)) throw error;
      const text =
        "I may not post where you asked: invite me there with /invite @eksiam. Here is your answer.";
      await post(slackUserId, { text, blocks: [{ type: "section", text: { type: "plain_text", text } }] });
      return post(slackUserId, message);
    }
  }

  return {
    async showInvestigation(view: View, snapshot: InvestigationSnapshot): Promise<View> {
      const { investigation, diagnosis } = snapshot;
      const message = renderInvestigation(snapshot, { approvers });
      let { postedIn, ts, detailsTs } = view;
      if (postedIn === null || ts === null || !(await update(postedIn, ts, message))) {
        const posted = await postOrTell(view.channel, investigation.requester.slackUserId, message);
        postedIn = posted.channel;
        ts = posted.ts;
        detailsTs = null;
      }
      if (diagnosis !== null && detailsTs === null) {
        detailsTs = (await post(postedIn, renderDetails(diagnosis), ts)).ts;
      }
      return { ...view, postedIn, ts, detailsTs };
    },

    async showReport(report) {
      const { channel, requester } = report.request;
      const message = renderReport(report);
      if (requester === null) await post(channel, message);
      else await postOrTell(channel, requester.slackUserId, message);
    },
  };
}

function cannotPost(error: unknown): boolean {
  return ["not_in_channel", "channel_not_found", "is_archived"].includes(errorCode(error) ?? "");
}

/** What Slack itself answers, such as `not_in_channel`. */
function errorCode(error: unknown): string | undefined {
  return (error as { readonly data?: { readonly error?: string } } | null)?.data?.error;
}
