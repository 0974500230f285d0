import { annotateServiceAccount } from "../core/fixes.ts";
import { roleAnnotation } from "../core/identity.ts";
import { misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, serviceAccountOf, tokenSubject } from "../core/subject.ts";

export const irsaAnnotationMissing = defineRule({
  id: "irsa-annotation-missing",
  meta: {
    title: "A role is made for the service account, but no annotation gives it",
    stage: "identity-configuration",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"],
    unless: [
      "The role lets in every service account of the namespace or of the cluster: that does not say that it is meant for this one.",
      "The service account has an association, which needs no annotation.",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      missing:
        "The trust policy of {{role}} lets in {{subject}} of this very cluster, but service account {{serviceAccount}} has no annotation eks.amazonaws.com/role-arn, so its pods are never given the role.",
    },
  },
  when: whenIdentityMissed,
  needs: ["eks.cluster", "iam.irsa-candidates"],
  wants: otherPlaces("eks.cluster", "iam.irsa-candidates"),
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    if (workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no workload or no service account");
    }
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "role-without-annotation") return pass();
    const { roles } = misplaced;
    const [first] = roles;
    if (first === undefined) return pass();
    const data = {
      role: listed(roles.map(({ arn }) => arn)),
      subject: tokenSubject(workload.value),
      serviceAccount: serviceAccountOf(workload.value),
    };
    if (roles.length === 1)
      return fail("missing", data, annotateServiceAccount(account, first.arn, workload, question));
    const { namespace, template } = workload.value;
    const choices = roles.slice(0, 3).map(({ name, arn }) => ({
      title: `Where ${name} is the intended role: annotate the service account with it, then replace the pods`,
      command: `kubectl -n ${shellWord(namespace)} annotate serviceaccount ${shellWord(template.serviceAccountName)} ${shellWord(`${roleAnnotation}=${arn}`)}`,
    }));
    return fail("missing", data, { manual: choices });
  },
});
