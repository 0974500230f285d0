import type { ClusterFacts, Found, WorkloadFacts } from "../core/evidence.ts";
import { annotateServiceAccount, type Remedy } from "../core/fixes.ts";
import { parseArn } from "../core/iam/arn.ts";
import { known, roleAnnotation } from "../core/identity.ts";
import { isRoleArn } from "../core/irsa.ts";
import { misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { objectOf, serviceAccountOf } from "../core/subject.ts";

export const irsaAnnotationWrongKey = defineRule({
  id: "irsa-annotation-wrong-key",
  meta: {
    title: "The role's annotation stands where the webhook does not look",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: [
      "The service account has a Pod Identity association or the right annotation: then what stands beside it is ignored, and does not matter.",
      "iam.amazonaws.com/role stands on the pod template: there kube2iam and kiam read it (see kube2iam-kiam-leftover).",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      key: "Service account {{serviceAccount}} names role {{role}} under {{key}}, which the EKS webhook does not read: it looks for eks.amazonaws.com/role-arn only, so the pods get no identity.",
      place:
        "The pod template of {{object}} names role {{role}} in the annotation {{key}}, which the EKS webhook reads on service accounts only; service account {{serviceAccount}} has none, so the pods get no identity.",
    },
  },
  when: whenIdentityMissed,
  needs: [],
  wants: otherPlaces(),
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    if (workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no workload or no service account");
    }
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "annotation-unread") return pass();
    const { on, key, value: role } = misplaced;
    const remedy = isRoleArn(role)
      ? annotateServiceAccount(account, role, workload, question)
      : byHand(role, workload, known(evidence["eks.cluster"]));
    const data = { serviceAccount: serviceAccountOf(workload.value), role, key };
    return on === "service account"
      ? fail("key", data, remedy)
      : fail("place", { ...data, object: objectOf(workload.value) }, remedy);
  },
});

/** kube2iam takes bare names of roles too; which account and path are meant, only a person can say. */
function byHand(role: string, workload: Found<WorkloadFacts>, cluster: ClusterFacts | null): Remedy {
  const { namespace, template } = workload.value;
  const partition = parseArn(cluster?.arn ?? "")?.partition ?? "aws";
  const arn = `arn:${partition}:iam::${cluster?.accountId ?? "ACCOUNT"}:role/${role.replace(/^\//, "")}`;
  const command = `kubectl -n ${shellWord(namespace)} annotate serviceaccount ${shellWord(template.serviceAccountName)} ${shellWord(`${roleAnnotation}=${arn}`)}`;
  return {
    manual: [
      { title: "Annotate the service account with the role's full ARN, then replace the pods", command },
      {
        title: `See that the trust policy of ${role} lets in this service account: kube2iam and kiam needed the node role there`,
        command: `aws iam get-role --role-name ${shellWord(role.slice(role.lastIndexOf("/") + 1))} --query Role.AssumeRolePolicyDocument`,
      },
    ],
  };
}
