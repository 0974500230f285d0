import type { Evidence, Question } from "../evidence.ts";
import type { TrailEvent, TrailSession } from "../facts/trail.ts";
import { roleOfSession, sameRole } from "../iam/arn.ts";
import { expectedIdentity, known } from "../identity.ts";
import { isSessionOfPod } from "./caller.ts";

/**
 * Whose call it was. `own`: the event names this workload, or its log names the call. `same-role`: its role or its
 * ServiceAccount was used, and nothing tells whether by this workload. `other`: of somebody else, or of a node, whose
 * calls are everybody's on it.
 */
export type Ownership = "own" | "same-role" | "other";

/** What STS recorded when it gave the caller's session out; null: that was not found. */
export function sessionOf(event: TrailEvent, evidence: Evidence): TrailSession | null {
  const sessions = known(evidence["cloudtrail.events"])?.sessions ?? [];
  return sessions.find(({ sessionArn }) => sessionArn === event.principalArn) ?? null;
}

export function ownershipOf(event: TrailEvent, evidence: Evidence, question: Question): Ownership {
  const errors = known(evidence["logs.errors"])?.errors ?? [];
  // The agent hands the request id of its call to the application, and SDKs print that of theirs.
  if (event.requestId !== null && errors.some(({ requestId }) => requestId === event.requestId)) return "own";
  const serviceAccount = known(evidence["k8s.workload"])?.template.serviceAccountName;
  const subject = `system:serviceaccount:${question.namespace}:${serviceAccount}`;
  if (event.eventName === "AssumeRoleWithWebIdentity") return event.userName === subject ? "own" : "other";
  if (event.principalArn === null || !isRoleOfWorkload(event.principalArn, evidence)) return "other";
  if (errors.some(({ principalArn }) => principalArn === event.principalArn)) return "own";
  const session = sessionOf(event, evidence);
  // Who has the ServiceAccount to itself is meant where it is named.
  const alone = known(evidence["k8s.sharing"])?.workloads.length === 0;
  if (session?.subject != null) return session.subject === subject && alone ? "own" : "same-role";
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  if (session?.pod != null) {
    const { name, namespace } = session.pod;
    if (session.pod.cluster !== question.cluster || namespace !== question.namespace) return "same-role";
    if (pods.some((pod) => pod.name === name)) return "own";
    return session.pod.serviceAccount === serviceAccount && alone ? "own" : "same-role";
  }
  const sessionName = roleOfSession(event.principalArn)?.sessionName ?? "";
  const named = pods.some((pod) => isSessionOfPod(sessionName, question.cluster, pod.name));
  return named ? "own" : "same-role";
}

/** With a target role, the association's own role is the workload's too: it assumes the target. */
function isRoleOfWorkload(principalArn: string, evidence: Evidence): boolean {
  const roles = [expectedIdentity(evidence)?.roleArn, known(evidence["eks.association"])?.roleArn];
  return roles.some((roleArn) => roleArn != null && sameRole(principalArn, roleArn));
}
