import { DecodeAuthorizationMessageCommand } from "@aws-sdk/client-sts";
import { z } from "zod";
import type { Collector } from "../../../app/ports.ts";
import type { DecodedDenial } from "../../../core/facts/aws.ts";
import { sha256 } from "../../../core/sha256.ts";
import type { AwsClients } from "../clients.ts";
import { call, observing } from "../outcome.ts";
import { unread } from "../reading/iam-answers.ts";
import { seen } from "./prerequisite.ts";

const permission = "sts:DecodeAuthorizationMessage";

/** A log may be full of them; a few tell what is refused. */
const maxMessages = 5;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);
const messageSchema = z.object({
  allowed: z.boolean().optional(),
  explicitDeny: z.boolean().default(false),
  matchedStatements: z
    .object({ items: z.array(z.object({ statementId: text })).default([]) })
    .nullish()
    .transform((matched) => (matched?.items ?? []).flatMap(({ statementId }) => statementId ?? [])),
  context: z
    .object({ principal: z.object({ arn: text }).nullish(), action: text, resource: text })
    .nullish()
    .transform((context) => ({
      principalArn: context?.principal?.arn ?? null,
      action: context?.action ?? null,
      resource: context?.resource ?? null,
    })),
});

/**
 * Decodes the encoded refusals of the workload's logs. The message itself is given to STS and not kept.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
export function createDecodeCollector(
  { sts }: AwsClients,
  clock: () => string,
): Collector<"sts.decoded-messages"> {
  async function decode(EncodedMessage: string, signal: AbortSignal): Promise<DecodedDenial> {
    const command = new DecodeAuthorizationMessageCommand({ EncodedMessage });
    const send = () => sts.send(command, { abortSignal: signal });
    const answer = await call(permission, send, z.object({ DecodedMessage: z.string() }), signal);
    const parsed = messageSchema.safeParse(jsonOf(answer?.DecodedMessage ?? ""));
    if (!parsed.success) throw unread(permission, "the decoded message is not what STS documents");
    const { explicitDeny, matchedStatements, context } = parsed.data;
    return { messageSha256: sha256(EncodedMessage), explicitDeny, ...context, matchedStatements };
  }

  return {
    kind: "sts.decoded-messages",
    group: "config",
    after: ["logs.errors"],
    collect: (context) =>
      observing(async () => {
        const logs = seen(context, "logs.errors");
        const errors = logs.status === "found" ? logs.value.errors : [];
        const messages = [...new Set(errors.flatMap(({ encodedMessage }) => encodedMessage ?? []))];
        const value = await Promise.all(
          messages.slice(0, maxMessages).map((message) => decode(message, context.signal)),
        );
        return { status: "found", value, source: permission, at: clock() };
      }),
  };
}

function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
