import type { Job } from "bullmq";
import type { InvestigationSteps } from "../src/app/investigate.ts";
import type { CollectorGroup } from "../src/app/ports.ts";
import { readId } from "./payloads.ts";

/** One of the three gathering children. */
export function createGatherProcessor(steps: InvestigationSteps, group: CollectorGroup) {
  return (job: Job): Promise<void> => steps.gatherGroup(readId(job.data, "investigationId"), group);
}
