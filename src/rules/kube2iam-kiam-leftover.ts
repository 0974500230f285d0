import { associationRemedy, associationRemedyWants, unlessFixed } from "../core/association-remedy.ts";
import { callsWithout, misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { objectOf, serviceAccountOf } from "../core/subject.ts";

export const kube2iamKiamLeftover = defineRule({
  id: "kube2iam-kiam-leftover",
  meta: {
    title: "The role is given in a way that only kube2iam and kiam know",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://github.com/jtblin/kube2iam",
      "https://github.com/uswitch/kiam",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
    ],
    unless: [
      "Calls are refused to the annotated role itself, in a session such as 2730e1de-carts-dynamo: then kube2iam works, and the role's policies are the matter.",
      "The service account has an association or a role annotation, and the old annotation is only left over.",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      leftover:
        "The pod template of {{object}} asks for role {{role}} by the annotation iam.amazonaws.com/role, on which only kube2iam or kiam acts, and neither gave its pods credentials; service account {{serviceAccount}} itself has no identity.",
    },
  },
  when: whenIdentityMissed,
  needs: [],
  wants: [...associationRemedyWants, ...otherPlaces()],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "kube2iam") return pass();
    const data = {
      object: objectOf(workload.value),
      role: misplaced.value,
      serviceAccount: serviceAccountOf(workload.value),
    };
    const remedy = associationRemedy(evidence, question, callsWithout(evidence));
    const name = misplaced.value.slice(misplaced.value.lastIndexOf("/") + 1);
    const existing = {
      title: `Where role ${name} still exists, it is the one to give: its trust policy then has to name pods.eks.amazonaws.com instead of the node role`,
      command: `aws iam get-role --role-name ${shellWord(name)} --query Role.AssumeRolePolicyDocument`,
    };
    return fail("leftover", data, unlessFixed(remedy, existing));
  },
});
