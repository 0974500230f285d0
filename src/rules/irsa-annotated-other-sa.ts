import { known, roleAnnotation } from "../core/identity.ts";
import { misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, objectOf, serviceAccountOf } from "../core/subject.ts";

export const irsaAnnotatedOtherSa = defineRule({
  id: "irsa-annotated-other-sa",
  meta: {
    title: "The role's annotation is on another service account",
    stage: "identity-configuration",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"],
    unless: [
      "The annotated service accounts have names of their own: they are other workloads' business.",
      "Names that differ only by a number (worker-1, worker-2) are taken for siblings.",
      "The pods run as default: see pod-uses-default-sa.",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      other:
        "{{object}} runs as service account {{serviceAccount}}, which has no identity; {{other}} of the same namespace is the one that is annotated with a role ({{role}}).",
    },
  },
  when: whenIdentityMissed,
  needs: ["k8s.service-accounts"],
  wants: otherPlaces("k8s.service-accounts"),
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const { namespace, template } = workload.value;
    if (template.serviceAccountName === "default") {
      return notApplicable("the pods run as default, which tells more");
    }
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "annotation-on-other-account") return pass();
    const { accounts } = misplaced;
    const [first] = accounts;
    if (first === undefined) return pass();
    const object = objectOf(workload.value);
    const role = first.annotations[roleAnnotation] ?? "";
    const where = `-n ${shellWord(namespace)}`;
    const data = {
      object,
      serviceAccount: serviceAccountOf(workload.value),
      other: listed(accounts.map(({ name }) => `service account ${namespace}/${name}`)),
      role: listed(accounts.map(({ annotations }) => annotations[roleAnnotation] ?? "")),
    };
    const lets = known(evidence["iam.irsa-candidates"])?.some(({ arn }) => arn === role) ?? false;
    return fail("other", data, {
      manual: [
        {
          title: `Where ${first.name} is the right service account: let ${object} run as it; its pods are then replaced`,
          command: `kubectl ${where} set serviceaccount ${shellWord(object)} ${shellWord(first.name)}`,
        },
        {
          title: `Where ${template.serviceAccountName} is the right one: annotate it with the role${lets ? "" : ", whose trust policy has to let it in as well"}; then replace the pods`,
          command: `kubectl ${where} annotate serviceaccount ${shellWord(template.serviceAccountName)} ${shellWord(`${roleAnnotation}=${role}`)}`,
        },
      ],
    });
  },
});
