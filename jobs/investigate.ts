import { type Job, WaitingChildrenError } from "bullmq";
import type { InvestigationSteps } from "../src/app/investigate.ts";
import { readId } from "./payloads.ts";

type GatherChildren = (investigationId: string, parent: { id: string; queue: string }) => Promise<void>;

/** A step job: resolve the workload, let three children gather, judge. Each step may run again. */
export function createInvestigateProcessor(steps: InvestigationSteps, gatherChildren: GatherChildren) {
  return async (job: Job, token?: string): Promise<void> => {
    const id = readId(job.data, "investigationId");
    try {
      if (job.data.step !== "gathering") {
        if (!(await steps.resolve(id))) return;
        await gatherChildren(id, { id: job.id ?? "", queue: job.queueQualifiedName });
        await job.updateData({ ...job.data, step: "gathering" });
      }
      if (await job.moveToWaitingChildren(token ?? "")) throw new WaitingChildrenError();
      await steps.judge(id);
    } catch (error) {
      if (error instanceof WaitingChildrenError) throw error;
      await steps.giveUp(id, "Something went wrong inside eksiam; its log has the details.");
      throw error;
    }
  };
}
