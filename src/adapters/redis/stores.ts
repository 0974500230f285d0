import type { Redis } from "ioredis";
import type { Investigation } from "../../app/investigation.ts";
import type { JournalEntry } from "../../app/journal.ts";
import type { ApprovalStore, AuditStore, InvestigationStore, JournalStore } from "../../app/ports.ts";
import type { Approval } from "../../core/approval.ts";
import type { Evidence } from "../../core/evidence.ts";
import type { Result } from "../../core/result.ts";

const day = 86_400;
/** How long an answered question, its evidence and its approval are kept. */
const retentionSeconds = 30 * day;
/** A question that a crash left open does not block its next asking for longer. */
const openSeconds = 300;

/** Sets a key only while it holds what was read. */
const compareAndSet = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1
end
return 0`;

/** Opens a question: answers the id of the investigation that runs for it, which is the given one if none did. */
const openQuestion = `
local running = redis.call('GET', KEYS[1])
if running and redis.call('EXISTS', ARGV[4] .. running) == 1 then return running end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[5])
return ARGV[1]`;

/** Closes a question unless a newer investigation has taken its place. */
const closeQuestion = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const investigationPrefix = "eksiam:investigation:";
const investigationKey = (id: string) => `${investigationPrefix}${id}`;
const openKey = (questionKey: string) => `eksiam:open:${questionKey}`;
const approvalKey = (id: string) => `eksiam:approval:${id}`;

export function createInvestigationStore(redis: Redis): InvestigationStore {
  const key = investigationKey;
  const get = (id: string) => readJson<Investigation>(redis, key(id));
  return {
    async open(investigation) {
      const id = await redis.eval(
        openQuestion,
        2,
        openKey(investigation.questionKey),
        key(investigation.id),
        investigation.id,
        JSON.stringify(investigation),
        openSeconds,
        investigationPrefix,
        retentionSeconds,
      );
      return (await get(String(id))) ?? investigation;
    },
    async close({ id, questionKey }) {
      await redis.eval(closeQuestion, 1, openKey(questionKey), id);
    },
    get,
    update: (id, update) =>
      swap<Investigation>(redis, key(id), (current) => {
        const next = update(current);
        return next === current ? current : { ...next, version: current.version + 1 };
      }),
    async saveView(id, view) {
      await swap<Investigation>(redis, key(id), (current) => ({
        ...current,
        views: current.views.map((other) => (other.channel === view.channel ? view : other)),
      }));
    },
    async putEvidence(id, evidence) {
      const fields = Object.entries(evidence).flatMap(([kind, observation]) => [
        kind,
        JSON.stringify(observation),
      ]);
      if (fields.length === 0) return;
      await redis.hset(`${key(id)}:evidence`, ...fields);
      await redis.expire(`${key(id)}:evidence`, retentionSeconds);
    },
    async getEvidence(id) {
      const fields = await redis.hgetall(`${key(id)}:evidence`);
      return Object.fromEntries(
        Object.entries(fields).map(([kind, text]) => [kind, JSON.parse(text)]),
      ) as Evidence;
    },
    async putDiagnosis(id, phase, diagnosis) {
      await redis.set(`${key(id)}:${phase}`, JSON.stringify(diagnosis), "EX", retentionSeconds);
    },
    getDiagnosis: (id, phase) => readJson(redis, `${key(id)}:${phase}`),
  };
}

export function createApprovalStore(redis: Redis): ApprovalStore {
  const get = (id: string) => readJson<Approval>(redis, approvalKey(id));
  return {
    async create(approval) {
      await redis.set(approvalKey(approval.id), JSON.stringify(approval), "EX", retentionSeconds, "NX");
      return (await get(approval.id)) ?? approval;
    },
    get,
    async update<E>(id: string, decide: (approval: Approval) => Result<Approval, E>) {
      let decision: Result<Approval, E | "not-found"> = { ok: false, error: "not-found" };
      await swap<Approval>(redis, approvalKey(id), (current) => {
        const decided = decide(current);
        decision = decided;
        return decided.ok ? decided.value : current;
      });
      return decision;
    },
    async putSeal(id, seal) {
      await redis.set(`${approvalKey(id)}:seal`, seal, "EX", retentionSeconds);
    },
    getSeal: (id) => redis.get(`${approvalKey(id)}:seal`),
  };
}

export function createJournalStore(redis: Redis): JournalStore {
  const key = (approvalId: string) => `eksiam:journal:${approvalId}`;
  return {
    async append(approvalId, entry) {
      await redis.rpush(key(approvalId), JSON.stringify(entry));
      await redis.expire(key(approvalId), retentionSeconds);
    },
    async read(approvalId) {
      const entries = await redis.lrange(key(approvalId), 0, -1);
      return entries.map((entry) => JSON.parse(entry) as JournalEntry);
    },
  };
}

export function createAuditStore(redis: Redis): AuditStore {
  const lastKey = (channel: string, cluster: string) => `eksiam:audit-last:${channel}:${cluster}`;
  const reportKey = (id: string) => `eksiam:audit-report:${id}`;
  return {
    getLast: (channel, cluster) => readJson(redis, lastKey(channel, cluster)),
    async putLast(channel, cluster, result) {
      await redis.set(lastKey(channel, cluster), JSON.stringify(result));
    },
    async putReport(id, report) {
      await redis.set(reportKey(id), JSON.stringify(report), "EX", day);
    },
    getReport: (id) => readJson(redis, reportKey(id)),
  };
}

async function readJson<T>(redis: Redis, key: string): Promise<T | null> {
  const text = await redis.get(key);
  return text === null ? null : (JSON.parse(text) as T);
}

/** Compare-and-set until it holds; `update` sees the newest value each time. Null: the key is not there. */
async function swap<T>(redis: Redis, key: string, update: (current: T) => T): Promise<T | null> {
  for (;;) {
    const text = await redis.get(key);
    if (text === null) return null;
    const current = JSON.parse(text) as T;
    const next = update(current);
    if (next === current) return current;
    if ((await redis.eval(compareAndSet, 1, key, text, JSON.stringify(next), retentionSeconds)) === 1)
      return next;
  }
}
