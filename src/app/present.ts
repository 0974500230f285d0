import type {
  ApprovalStore,
  AuditStore,
  InvestigationSnapshot,
  InvestigationStore,
  JournalStore,
  Presenter,
} from "./ports.ts";

export interface PresentDeps {
  readonly investigations: InvestigationStore;
  readonly approvals: ApprovalStore;
  readonly journals: JournalStore;
  readonly audits: AuditStore;
  readonly presenter: Presenter;
}

/** Renders an investigation again into every channel that does not show its present version yet. */
export function createPresent(deps: PresentDeps) {
  return async function present(investigationId: string): Promise<void> {
    const snapshot = await loadSnapshot(deps, investigationId);
    if (snapshot === null) return;
    const { id, version, views } = snapshot.investigation;
    for (const view of views.filter((candidate) => candidate.shownVersion < version)) {
      const shown = await deps.presenter.showInvestigation(view, snapshot);
      await deps.investigations.saveView(id, { ...shown, shownVersion: version });
    }
  };
}

/** Posts the digest of one audit. */
export function createPresentReport({ audits, presenter }: Pick<PresentDeps, "audits" | "presenter">) {
  return async function presentReport(reportId: string): Promise<void> {
    const report = await audits.getReport(reportId);
    if (report !== null) await presenter.showReport(report);
  };
}

async function loadSnapshot(
  { investigations, approvals, journals }: PresentDeps,
  id: string,
): Promise<InvestigationSnapshot | null> {
  const investigation = await investigations.get(id);
  if (investigation === null) return null;
  const { approvalId } = investigation;
  const [diagnosis, verification, approval, journal] = await Promise.all([
    investigations.getDiagnosis(id, "answer"),
    investigations.getDiagnosis(id, "verification"),
    approvalId === null ? null : approvals.get(approvalId),
    approvalId === null ? [] : journals.read(approvalId),
  ]);
  return { investigation, diagnosis, approval, journal, verification };
}
