import { roleOfArn } from "../core/iam/arn.ts";
import { expectedIdentity, isExpectedRole } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, serviceAccountOf, shellWord } from "../core/subject.ts";

/** Words for one environment each; a name that holds two kinds of them says nothing. */
const environments: readonly (readonly [string, readonly string[]])[] = [
  ["production", ["prod", "prd", "production", "live"]],
  ["staging", ["staging", "stage", "stg", "preprod"]],
  ["test", ["test", "qa", "uat"]],
  ["development", ["dev", "development", "sandbox"]],
];

export const wrongRoleAssociated = defineRule({
  id: "wrong-role-associated",
  meta: {
    title: "The configured role is named for another environment",
    stage: "identity-configuration",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
    ],
    unless: [
      "Names that follow no such scheme say nothing.",
      "It is never the cause: this is information for a person.",
    ],
    messages: {
      environment:
        "Service account {{serviceAccount}} of cluster {{cluster}} has the role {{role}}, whose name speaks of {{roleSays}} where {{place}} speaks of {{placeSays}}; calls of that role are denied. Whether it is the intended role only a person can tell.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      const denied = currentErrors(evidence).some(
        ({ kind, principalArn }) => kind === "access-denied" && isExpectedRole(evidence, principalArn ?? ""),
      );
      return denied || "no call of the configured role was denied";
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const role = expectedIdentity(evidence)?.roleArn ?? null;
    if (workload.status === "absent" || role === null)
      return notApplicable("there is no workload or no role");
    const roleSays = environmentOf(roleOfArn(role)?.roleName ?? "");
    const places = [
      ["the namespace", question.namespace],
      ["the cluster's name", question.cluster],
    ] as const;
    const told = places
      .map(([place, name]) => ({ place, placeSays: environmentOf(name) }))
      .find(({ placeSays }) => placeSays !== null);
    const placeSays = told?.placeSays ?? null;
    if (roleSays === null || told === undefined || placeSays === null || placeSays === roleSays)
      return pass();
    const serviceAccount = serviceAccountOf(workload.value);
    const data = { serviceAccount, cluster: question.cluster, role, roleSays, place: told.place, placeSays };
    return fail("environment", data, {
      manual: [
        {
          title: `Compare the role of ${serviceAccount} with the one that its owners intend`,
          command:
            expectedIdentity(evidence)?.mechanism === "irsa"
              ? `kubectl -n ${shellWord(question.namespace)} get serviceaccount ${shellWord(workload.value.template.serviceAccountName)} -o yaml`
              : `aws eks list-pod-identity-associations --cluster-name ${shellWord(question.cluster)} --namespace ${shellWord(question.namespace)}`,
        },
      ],
    });
  },
});

/** The one environment that a name's words speak of; null: none, or several. */
function environmentOf(name: string): string | null {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const spoken = environments.filter(([, known]) => known.some((word) => words.includes(word)));
  return spoken.length === 1 ? (spoken[0]?.[0] ?? null) : null;
}
