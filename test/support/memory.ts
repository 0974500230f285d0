import type { Investigation } from "../../src/app/investigation.ts";
import type { JournalEntry } from "../../src/app/journal.ts";
import type {
  ApprovalStore,
  Collector,
  Collectors,
  InvestigationStore,
  JobQueue,
  JournalStore,
} from "../../src/app/ports.ts";
import type { Approval } from "../../src/core/approval.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import type { Evidence, EvidenceKind, EvidenceValues, Observation } from "../../src/core/evidence.ts";

/** Stores that keep everything in maps, with the semantics of the ports: for tests of the use cases. */
export function createMemory() {
  const investigations = new Map<string, Investigation>();
  const approvals = new Map<string, Approval>();
  const seals = new Map<string, string>();
  const journals = new Map<string, JournalEntry[]>();
  const diagnoses = new Map<string, Diagnosis>();
  const evidences = new Map<string, Evidence>();
  const enqueued: string[] = [];

  const investigationStore: InvestigationStore = {
    async open(investigation) {
      investigations.set(investigation.id, investigation);
      return investigation;
    },
    async close() {},
    get: async (id) => investigations.get(id) ?? null,
    async update(id, update) {
      const current = investigations.get(id);
      if (current === undefined) return null;
      const next = update(current);
      const stored = next === current ? current : { ...next, version: current.version + 1 };
      investigations.set(id, stored);
      return stored;
    },
    async saveView() {},
    async putEvidence(id, evidence) {
      evidences.set(id, { ...evidences.get(id), ...evidence });
    },
    getEvidence: async (id) => evidences.get(id) ?? {},
    async putDiagnosis(id, phase, diagnosis) {
      diagnoses.set(`${id} ${phase}`, diagnosis);
    },
    getDiagnosis: async (id, phase) => diagnoses.get(`${id} ${phase}`) ?? null,
  };
  const approvalStore: ApprovalStore = {
    async create(approval) {
      if (!approvals.has(approval.id)) approvals.set(approval.id, approval);
      return approvals.get(approval.id) ?? approval;
    },
    get: async (id) => approvals.get(id) ?? null,
    async update(id, decide) {
      const current = approvals.get(id);
      if (current === undefined) return { ok: false, error: "not-found" };
      const decided = decide(current);
      if (decided.ok) approvals.set(id, decided.value);
      return decided;
    },
    async putSeal(id, seal) {
      seals.set(id, seal);
    },
    getSeal: async (id) => seals.get(id) ?? null,
  };
  const journalStore: JournalStore = {
    async append(id, entry) {
      journals.set(id, [...(journals.get(id) ?? []), entry]);
    },
    read: async (id) => journals.get(id) ?? [],
  };
  const note = (name: string) => async (subject: unknown) => {
    enqueued.push(`${name} ${typeof subject === "string" ? subject : JSON.stringify(subject)}`);
  };
  const queue: JobQueue = {
    investigate: note("investigate"),
    notifyInvestigation: note("notify"),
    notifyReport: note("notify-report"),
    executePlan: note("execute-plan"),
    verify: note("verify"),
    expireApproval: note("expire"),
    auditDigest: note("audit"),
  };
  return { investigationStore, approvalStore, journalStore, queue, enqueued, journals, approvals, diagnoses };
}

type Answers = { readonly [K in EvidenceKind]?: Observation<EvidenceValues[K]> };

const kinds: readonly EvidenceKind[] = [
  "k8s.workload",
  "k8s.pods",
  "k8s.service-account",
  "k8s.webhook",
  "k8s.injection-census",
  "k8s.nodes",
  "k8s.agent",
  "k8s.sharing",
  "logs.errors",
  "eks.cluster",
  "eks.associations",
  "eks.association",
  "eks.agent-addon",
  "eks.node-role",
  "iam.oidc-providers",
  "iam.role",
  "iam.role-policies",
  "iam.candidate-roles",
  "cloudtrail.events",
];

/** Collectors that answer what they are told to, and `absent` for the rest; `asked` records the order. */
export function scriptedCollectors(
  answers: Answers,
  shape: (kind: EvidenceKind) => Partial<Pick<Collector<EvidenceKind>, "group" | "after">> = () => ({}),
) {
  const asked: EvidenceKind[] = [];
  const entries = kinds.map((kind) => [
    kind,
    {
      kind,
      group: shape(kind).group ?? "config",
      after: shape(kind).after ?? [],
      async collect() {
        asked.push(kind);
        return answers[kind] ?? { status: "absent", source: kind, at: "2026-01-01T10:00:00.000Z" };
      },
    },
  ]);
  return { asked, collectors: Object.fromEntries(entries) as Collectors };
}
