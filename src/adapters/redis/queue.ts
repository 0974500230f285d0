import { type JobsOptions, Queue } from "bullmq";
import type { AuditRequest, JobQueue } from "../../app/ports.ts";
import { redisOptions } from "./connection.ts";

/** Every job has a queue of its own name, so that each process takes only what its credentials are for. */
export const jobNames = [
  "investigate",
  "gather-logs",
  "gather-config",
  "gather-cloudtrail",
  "notify",
  "execute-plan",
  "verify",
  "expire-approvals",
  "audit-digest",
] as const;

export type JobName = (typeof jobNames)[number];

export const queuePrefix = "eksiam-jobs";

export interface AuditSchedule {
  readonly id: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly channel: string;
  readonly cluster: string;
}

export interface RedisJobQueue extends JobQueue {
  /** Adds the three gathering children of an investigation, under the job that waits for them. */
  gatherChildren(
    investigationId: string,
    parent: { readonly id: string; readonly queue: string },
  ): Promise<void>;
  /** Makes the schedules of the configuration the only ones. */
  schedule(schedules: readonly AuditSchedule[]): Promise<void>;
  close(): Promise<void>;
}

/** Somebody in Slack waits, and Slack itself gives up after three seconds. */
const patienceMs = 2_200;

/** BullMQ waits for a connection however long it takes. @throws Error where Redis does not answer in time. */
async function inTime(adding: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("The queue does not answer.")), patienceMs);
  try {
    await Promise.race([adding, late.promise]);
  } finally {
    clearTimeout(timer);
    // Its own failure, when it comes later, has been told of already.
    adding.catch(() => undefined);
  }
}

const kept: JobsOptions = { removeOnComplete: { age: 3_600 }, removeOnFail: { age: 7 * 86_400 } };

export function createJobQueue(url: string): RedisJobQueue {
  const connection = redisOptions(url, "producer");
  const queues = new Map(
    jobNames.map((name) => {
      const queue = new Queue(name, { connection, prefix: queuePrefix });
      // Commands reject by themselves; the listener keeps a lost connection from ending the process.
      queue.on("error", () => undefined);
      return [name, queue];
    }),
  );
  const add = async (name: JobName, data: object, options: JobsOptions): Promise<void> => {
    const queue = queues.get(name);
    if (queue === undefined) throw new Error(`There is no queue ${name}.`);
    await inTime(queue.add(name, data, { ...kept, ...options }));
  };
  return {
    investigate: (investigationId) =>
      add("investigate", { investigationId }, { jobId: `investigate-${investigationId}` }),
    notifyInvestigation: (investigationId, version) =>
      add("notify", { investigationId }, { jobId: `notify-${investigationId}-${version}`, ...retried }),
    notifyReport: (reportId) =>
      add("notify", { reportId }, { jobId: `notify-report-${reportId}`, ...retried }),
    // One attempt: a human decides about a second try. A job whose worker died is taken up again, not retried.
    executePlan: (approvalId) =>
      add("execute-plan", { approvalId }, { jobId: `execute-${approvalId}`, attempts: 1 }),
    verify: (approvalId) => add("verify", { approvalId }, { jobId: `verify-${approvalId}`, ...retried }),
    expireApproval: (approvalId, delay) =>
      add("expire-approvals", { approvalId }, { jobId: `expire-${approvalId}`, delay, ...retried }),
    auditDigest: (request: AuditRequest) =>
      add("audit-digest", { request }, { jobId: `audit-${request.id}` }),
    async gatherChildren(investigationId, parent) {
      for (const name of ["gather-logs", "gather-config", "gather-cloudtrail"] as const) {
        await add(
          name,
          { investigationId },
          { jobId: `${name}-${investigationId}`, parent, ignoreDependencyOnFailure: true },
        );
      }
    },
    async schedule(schedules) {
      const queue = queues.get("audit-digest");
      if (queue === undefined) return;
      const wanted = new Set(schedules.map((schedule) => schedule.id));
      for (const present of await queue.getJobSchedulers()) {
        if (!wanted.has(present.key)) await queue.removeJobScheduler(present.key);
      }
      for (const { id, cron, timeZone, channel, cluster } of schedules) {
        await queue.upsertJobScheduler(
          id,
          { pattern: cron, tz: timeZone },
          { name: "audit-digest", data: { schedule: { channel, cluster } }, opts: kept },
        );
      }
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

const retried: JobsOptions = { attempts: 5, backoff: { type: "exponential", delay: 500 } };
