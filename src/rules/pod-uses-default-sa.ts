import { runAs } from "../core/fixes.ts";
import { roleAnnotation } from "../core/identity.ts";
import { misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, objectOf } from "../core/subject.ts";

export const podUsesDefaultSa = defineRule({
  id: "pod-uses-default-sa",
  meta: {
    title: "The pods run as the default service account, not as the one with the role",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "The workload needs no AWS: running as default is no fault then.",
      "The only annotated service accounts are named for other workloads.",
      "A Pod Identity association is for the service account of the workload's name: see pia-other-service-account.",
    ],
    messages: {
      default:
        "The pod template of {{object}} names no service account of its own, so its pods run as {{namespace}}/default, which has no identity; {{other}} is annotated with a role ({{role}}).",
    },
  },
  when: whenIdentityMissed,
  needs: ["k8s.service-accounts"],
  wants: otherPlaces("k8s.service-accounts"),
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const { namespace, template } = workload.value;
    if (template.serviceAccountName !== "default") return notApplicable("the pods do not run as default");
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "annotation-on-other-account") return pass();
    const { accounts } = misplaced;
    const [first] = accounts;
    if (first === undefined) return pass();
    const object = objectOf(workload.value);
    const data = {
      object,
      namespace,
      other: listed(accounts.map(({ name }) => `service account ${namespace}/${name}`)),
      role: listed(accounts.map(({ annotations }) => annotations[roleAnnotation] ?? "")),
    };
    if (accounts.length === 1) return fail("default", data, runAs(workload, first.name, question));
    const choices = accounts.map(({ name }) => ({
      title: `Where ${name} is the right service account: let ${object} run as it; its pods are then replaced`,
      command: `kubectl -n ${shellWord(namespace)} set serviceaccount ${shellWord(object)} ${shellWord(name)}`,
    }));
    return fail("default", data, { manual: choices });
  },
});
