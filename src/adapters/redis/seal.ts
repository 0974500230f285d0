import { createHmac, timingSafeEqual } from "node:crypto";
import type { Sealer } from "../../app/ports.ts";
import type { Approval } from "../../core/approval.ts";
import { canonical } from "../../core/json.ts";

/**
 * HMAC-SHA-256 over what was approved and by whom. State and times of execution are not sealed: they change after.
 * @param key at least 32 characters, known to the bot and the executor alone.
 */
export function createSealer(key: string): Sealer {
  if (key.length < 32)
    throw new Error("EKSIAM_APPROVAL_KEY needs at least 32 characters: openssl rand -hex 32");
  const seal = ({ id, investigationId, planDigest, requester, reviews, expiresAt }: Approval) =>
    createHmac("sha256", key)
      .update(canonical({ id, investigationId, planDigest, requester, reviews, expiresAt }))
      .digest("hex");
  return {
    seal,
    verify(approval, claimed) {
      const expected = Buffer.from(seal(approval));
      const given = Buffer.from(claimed);
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  };
}
