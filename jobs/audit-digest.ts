import { type Job, UnrecoverableError } from "bullmq";
import type { AuditRequest } from "../src/app/ports.ts";
import { readId } from "./payloads.ts";

/** An audit that a person asked for, or that the schedule did: then the job's own id makes it one. */
export function createAuditDigestProcessor(auditDigest: (request: AuditRequest) => Promise<void>) {
  return (job: Job): Promise<void> => {
    const asked = job.data.request ?? job.data.schedule;
    if (job.id === undefined) throw new UnrecoverableError("The job has no id.");
    const cluster = readId(asked, "cluster");
    const channel = readId(asked, "channel");
    const id = job.data.request === undefined ? job.id.replaceAll(":", "-") : readId(asked, "id");
    return auditDigest({ id, cluster, channel, requester: job.data.request?.requester ?? null });
  };
}
