import type { ClusterFacts, Evidence } from "../core/evidence.ts";
import { annotateServiceAccount, type Remedy } from "../core/fixes.ts";
import { parseArn, roleOfArn } from "../core/iam/arn.ts";
import { known, roleAnnotation } from "../core/identity.ts";
import { inClusterAccount, irsaRole, issuerOf } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signOf } from "../core/sign-symptoms.ts";
import { currentErrors, serviceAccountOf } from "../core/subject.ts";

const refusals = new Set(["assume-role-web-identity-denied", "invalid-identity-token"]);

export const irsaWrongAccount = defineRule({
  id: "irsa-wrong-account",
  meta: {
    title: "The annotated role is in another account, which does not let the cluster's tokens in",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/cross-account-access.html",
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ],
    unless: [
      "STS lets the pods in: cross-account IRSA is set up on purpose and works.",
      "The role is in the cluster's account: see oidc-provider-missing and the irsa-trust rules.",
      "The role is of another partition (aws-cn, aws-us-gov): see irsa-arn-malformed.",
    ],
    messages: {
      noProvider:
        "Service account {{serviceAccount}} is annotated with {{role}} of account {{account}}, but cluster {{cluster}} is in account {{own}}: STS looks for the cluster's OIDC provider in the role's account, and there is none ({{issuer}}).",
      refused:
        "Service account {{serviceAccount}} is annotated with {{role}} of account {{account}}, but cluster {{cluster}} is in account {{own}}: STS refuses the pods' tokens there. Whether the role exists in that account and whom it trusts cannot be seen from here.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (irsaRole(evidence) === null) return "no role is given by annotation";
      const refused =
        signOf(evidence, "oidc-provider-not-found") !== null ||
        currentErrors(evidence).some(({ kind }) => refusals.has(kind));
      return refused || "STS does not refuse the pods' tokens";
    },
  },
  needs: ["eks.cluster"],
  wants: ["iam.irsa-candidates"],
  check(evidence, question) {
    const cluster = evidence["eks.cluster"];
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    const role = irsaRole(evidence);
    if (cluster.status === "absent" || workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no cluster, no workload or no service account");
    }
    if (role === null || inClusterAccount(role, cluster.value)) return pass();
    if (parseArn(role)?.partition !== parseArn(cluster.value.arn)?.partition) {
      return notApplicable("the role is of another partition, which tells more");
    }
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      role,
      account: roleOfArn(role)?.accountId ?? "",
      cluster: question.cluster,
      own: cluster.value.accountId,
    };
    const twin = twinOf(role, evidence);
    const remedy =
      twin === null
        ? byHand(cluster.value, workload.value.namespace, account.value.name, role)
        : annotateServiceAccount(account, twin, workload, question);
    return signOf(evidence, "oidc-provider-not-found") === null
      ? fail("refused", data, remedy)
      : fail("noProvider", { ...data, issuer: `https://${issuerOf(cluster.value) ?? ""}` }, remedy);
  },
});

/** The role of the same name in the cluster's own account that lets in this service account; null: there is none. */
function twinOf(role: string, evidence: Evidence): string | null {
  const name = roleOfArn(role)?.roleName;
  return known(evidence["iam.irsa-candidates"])?.find((one) => one.name === name)?.arn ?? null;
}

function byHand(cluster: ClusterFacts, namespace: string, account: string, role: string): Remedy {
  const issuer = cluster.oidcIssuer ?? "ISSUER";
  const own = role.replace(/::\d{12}:/, `::${cluster.accountId}:`);
  return {
    manual: [
      {
        title:
          "Where the account is a slip: annotate the service account with the role that is meant, then replace the pods",
        command: `kubectl -n ${shellWord(namespace)} annotate serviceaccount ${shellWord(account)} --overwrite ${shellWord(`${roleAnnotation}=${own}`)}`,
      },
      {
        title: `Where the other account is meant: register the cluster's issuer there, and let the role trust it`,
        command: `aws iam create-open-id-connect-provider --url ${shellWord(issuer)} --client-id-list sts.amazonaws.com`,
      },
    ],
  };
}
