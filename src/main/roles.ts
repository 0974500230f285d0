import { randomUUID } from "node:crypto";
import { type Processor, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { createApprovalProcessor } from "../../jobs/approval-jobs.ts";
import { createAuditDigestProcessor } from "../../jobs/audit-digest.ts";
import { createGatherProcessor } from "../../jobs/gather.ts";
import { createInvestigateProcessor } from "../../jobs/investigate.ts";
import { createNotifyProcessor } from "../../jobs/notify.ts";
import { withoutSecrets } from "../../jobs/without-secrets.ts";
import { createAnswerCache } from "../adapters/redis/answer-cache.ts";
import { connectRedis, redisOptions, redisWarnings } from "../adapters/redis/connection.ts";
import {
  type AuditSchedule,
  createJobQueue,
  type JobName,
  queuePrefix,
  type RedisJobQueue,
} from "../adapters/redis/queue.ts";
import { createSharedRateLimiter } from "../adapters/redis/rate-limiter.ts";
import { createSealer } from "../adapters/redis/seal.ts";
import {
  createApprovalStore,
  createAuditStore,
  createInvestigationStore,
  createJournalStore,
} from "../adapters/redis/stores.ts";
import { createExpire, createReview } from "../app/approvals.ts";
import { createAuditDigest } from "../app/audit.ts";
import { createExecutePlan } from "../app/execute-plan.ts";
import { createAsk, createInvestigationSteps } from "../app/investigate.ts";
import type { ChangeExecutors, Clusters, SharedLookups } from "../app/ports.ts";
import { createPresent, createPresentReport } from "../app/present.ts";
import { createVerify } from "../app/verify.ts";
import { rules } from "../rules/index.ts";
import { type Config, required } from "./config.ts";
import { startSlack } from "./slack.ts";
import { sleep } from "./sleep.ts";

export type Role = "bot" | "investigator" | "executor";

export interface RoleDeps {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly redisUrl: string;
  readonly log: Logger;
}

export interface Running {
  close(): Promise<void>;
}

interface Base {
  readonly redis: Redis;
  readonly queue: RedisJobQueue;
  readonly stores: ReturnType<typeof storesOf>;
  readonly clock: () => string;
  work(name: JobName, processor: Processor, concurrency: number): void;
  close(): Promise<void>;
}

const storesOf = (redis: Redis) => ({
  investigations: createInvestigationStore(redis),
  approvals: createApprovalStore(redis),
  journals: createJournalStore(redis),
  audits: createAuditStore(redis),
});

/** Speaks with people: takes questions and clicks, shows answers. Holds Slack's tokens and no AWS credentials. */
export async function startBot(deps: RoleDeps): Promise<Running> {
  const { config, env, log } = deps;
  const sealer = createSealer(
    required(env, "EKSIAM_APPROVAL_KEY", "the key that seals approvals, 32 characters or more"),
  );
  const base = await startBase(deps);
  const { queue, stores, clock } = base;
  const names = config.clusters.map((cluster) => cluster.name);
  const newId = () => randomUUID();
  const slack = await startSlack({
    env,
    log,
    port: config.http.port,
    clusters: names,
    approvers: config.approvals.approvers,
    ask: createAsk({ investigations: stores.investigations, queue, clock, newId }),
    review: createReview({ ...stores, queue, sealer, clock, approvers: config.approvals.approvers }),
    requestAudit: (request) => queue.auditDigest({ id: newId(), ...request }),
  }).catch(async (error: unknown) => {
    await base.close();
    throw error;
  });
  const present = createPresent({ ...stores, presenter: slack.presenter });
  const presentReport = createPresentReport({ audits: stores.audits, presenter: slack.presenter });
  // One at a time: two renderings of one message at once would post it twice.
  base.work("notify", createNotifyProcessor({ present, presentReport }), 1);
  base.work("expire-approvals", createApprovalProcessor(createExpire({ ...stores, queue, clock })), 2);
  return {
    async close() {
      await slack.close();
      await base.close();
    },
  };
}

/** Reads clusters, logs and IAM, and judges. Can change nothing, and knows no Slack token. */
export async function startInvestigator(
  deps: RoleDeps & { readonly openClusters: (lookups: SharedLookups) => Clusters },
): Promise<Running> {
  const { config } = deps;
  const base = await startBase(deps);
  const { queue, stores, clock } = base;
  // All investigators ask the same CloudTrail, and often the same.
  const intervalMs = 1_000 / config.cloudtrail.lookupsPerSecond;
  const limiter = createSharedRateLimiter(base.redis, intervalMs, sleep);
  const clusters = await Promise.resolve({ limiter, answers: createAnswerCache(base.redis) })
    .then(deps.openClusters)
    .catch(async (error: unknown) => {
      await base.close();
      throw error;
    });
  const { deadline, since } = config.investigation;
  const sinceSeconds = Math.round(since / 1_000);
  const steps = createInvestigationSteps({
    ...stores,
    queue,
    clock,
    clusters,
    rules,
    newId: () => randomUUID(),
    deadlineMs: deadline,
    allowedChanges: config.execution.changes,
    approvalPolicy: { ...config.approvals, expiresAfterMs: config.approvals.expiresAfter },
  });
  const asking = { rules, clock, deadlineMs: deadline };
  base.work("investigate", createInvestigateProcessor(steps, queue.gatherChildren), 8);
  base.work("gather-logs", createGatherProcessor(steps, "logs"), 8);
  base.work("gather-config", createGatherProcessor(steps, "config"), 8);
  base.work("gather-cloudtrail", createGatherProcessor(steps, "cloudtrail"), 8);
  const verify = createVerify({
    ...asking,
    ...stores,
    queue,
    clusters,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    settleMs: config.execution.verifyAfter,
    attempts: config.execution.verifyAttempts,
    retryMs: config.execution.verifyAfter,
  });
  base.work("verify", createApprovalProcessor(verify), 4);
  const auditDigest = createAuditDigest({
    ...asking,
    ...stores,
    queue,
    clusters,
    concurrency: 4,
    sinceSeconds,
  });
  base.work("audit-digest", createAuditDigestProcessor(auditDigest), 1);
  await queue.schedule(schedulesOf(config));
  return base;
}

/** Makes the few approved kinds of change, and nothing else. */
export async function startExecutor(
  deps: RoleDeps & { readonly executors: ChangeExecutors },
): Promise<Running> {
  const { config, env, executors } = deps;
  const sealer = createSealer(
    required(env, "EKSIAM_APPROVAL_KEY", "the key that the bot seals approvals with"),
  );
  const base = await startBase(deps);
  const execute = createExecutePlan({
    ...base.stores,
    queue: base.queue,
    executors,
    sealer,
    clock: base.clock,
    approvers: config.approvals.approvers,
    thresholds: config.approvals,
    allowedChanges: config.execution.changes,
    stepTimeoutMs: config.execution.stepTimeout,
  });
  base.work("execute-plan", createApprovalProcessor(execute), 2);
  return base;
}

/** One schedule for each cluster of each digest; the id is what it does, so that a restart changes nothing. */
function schedulesOf(config: Config): readonly AuditSchedule[] {
  const all = config.clusters.map((cluster) => cluster.name);
  return config.digests.flatMap(({ cron, timeZone, channel, clusters }) =>
    (clusters ?? all).map((cluster) => ({
      id: `digest-${channel}-${cluster}-${cron.replace(/\W+/g, "_")}`,
      cron,
      timeZone,
      channel,
      cluster,
    })),
  );
}

async function startBase({ config, redisUrl, log }: RoleDeps): Promise<Base> {
  const redis = await connectRedis(redisUrl);
  for (const warning of await redisWarnings(redis)) log.warn({ warning }, "Redis is not set up for a queue");
  const queue = createJobQueue(redisUrl);
  const workers: Worker[] = [];
  return {
    redis,
    queue,
    stores: storesOf(redis),
    clock: () => new Date().toISOString(),
    work(name, processor, concurrency) {
      const worker = new Worker(name, withoutSecrets(processor), {
        connection: redisOptions(redisUrl, "worker"),
        prefix: queuePrefix,
        concurrency,
        lockDuration: config.jobs.lockDuration,
        stalledInterval: config.jobs.lockDuration,
        // A worker that dies at every step of a plan is taken up again each time: execution is reconciliation.
        maxStalledCount: 20,
      });
      worker.on("error", (error) =>
        log.warn({ job: name, error: error.message }, "a worker lost its connection"),
      );
      worker.on("failed", (job, error) =>
        log.error({ job: name, jobId: job?.id, error: error.message }, "a job failed"),
      );
      workers.push(worker);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
      redis.disconnect();
    },
  };
}
