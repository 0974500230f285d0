import type { Job } from "bullmq";
import { readId } from "./payloads.ts";

/** `execute-plan`, `verify` and `expire-approvals` each do one thing to one approval. */
export function createApprovalProcessor(act: (approvalId: string) => Promise<void>) {
  return (job: Job): Promise<void> => act(readId(job.data, "approvalId"));
}
