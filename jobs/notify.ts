import type { Job } from "bullmq";
import { readId } from "./payloads.ts";

interface Presenting {
  present(investigationId: string): Promise<void>;
  presentReport(reportId: string): Promise<void>;
}

/** Durable posting: renders the present state, whatever version asked for it. */
export function createNotifyProcessor({ present, presentReport }: Presenting) {
  return (job: Job): Promise<void> =>
    "reportId" in job.data
      ? presentReport(readId(job.data, "reportId"))
      : present(readId(job.data, "investigationId"));
}
