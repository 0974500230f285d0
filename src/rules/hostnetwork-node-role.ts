import { associationRemedy, associationRemedyWants } from "../core/association-remedy.ts";
import { callsWithout, misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { describeCall, listed, serviceAccountOf } from "../core/subject.ts";

export const hostnetworkNodeRole = defineRule({
  id: "hostnetwork-node-role",
  meta: {
    title: "Without an identity, pods on the host's network call AWS as the node role",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
      "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html",
    ],
    unless: [
      "System pods that work with the node role by design, such as aws-node, and are refused nothing.",
      "The service account has an identity: then look at what the pods carry and at the SDK.",
      "The pods have a network of their own: see node-role-fallback-no-identity.",
    ],
    messages: {
      denied:
        "The pods of service account {{serviceAccount}} use the host's network, where the instance metadata hands out the node role whatever its hop limit is, and the service account has no identity of its own: they call AWS as {{principal}}, which may not {{calls}}.",
    },
  },
  when: whenIdentityMissed,
  needs: [],
  wants: [...associationRemedyWants, ...otherPlaces()],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    if (!workload.value.template.hostNetwork) return pass();
    if (misplacedIdentity(evidence, question) !== null) {
      return notApplicable("an identity that seems meant for this workload is configured elsewhere");
    }
    const asNode = callsWithout(evidence).filter(({ principalArn }) => principalArn !== null);
    const principal = asNode[0]?.principalArn ?? null;
    if (principal === null) return pass();
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      principal,
      calls: listed(asNode.map(describeCall)),
    };
    return fail("denied", data, associationRemedy(evidence, question, asNode));
  },
});
