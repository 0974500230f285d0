import { associationRemedy, associationRemedyWants } from "../core/association-remedy.ts";
import type { Evidence, LogErrorGroup } from "../core/evidence.ts";
import { sameRole } from "../core/iam/arn.ts";
import { expectedIdentity, injectedInto, isNodeRole } from "../core/identity.ts";
import { misplacedIdentity, otherPlaces } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  currentErrors,
  deniedCalls,
  describeCall,
  listed,
  placesOf,
  serviceAccountOf,
} from "../core/subject.ts";

export const nodeRoleFallbackNoIdentity = defineRule({
  id: "node-role-fallback-no-identity",
  meta: {
    title: "No identity is configured, so calls are made as the node role",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
    ],
    aliases: ["pia-missing"],
    unless: [
      "A role was meant for this workload but stands elsewhere, for example in an association for another service account (see pia-other-service-account) or under another annotation (see irsa-annotation-wrong-key).",
      "The pods use the host's network: see hostnetwork-node-role.",
      "An identity is configured but did not reach the pods: that is the business of the injection rules.",
      "The denied line was written by a container, or under an association, that is gone.",
    ],
    messages: {
      denied:
        "Service account {{serviceAccount}} has neither a Pod Identity association in cluster {{cluster}} nor a role annotation, so its pods call AWS as the node role {{principal}}, which may not {{calls}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      if (expectedIdentity(evidence)?.mechanism !== "none") return "the service account has an identity";
      if (asSession(evidence).length === 0) return "no call of an assumed role was denied";
      const places = placesOf(evidence["k8s.pods"], question);
      const bare = places.some(({ container }) => injectedInto(container).mechanism === "none");
      return bare || places.length === 0 || "the pods carry an identity of their own";
    },
  },
  needs: ["eks.associations"],
  wants: ["eks.node-role", ...associationRemedyWants, ...otherPlaces("eks.associations")],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const asNode = asSession(evidence).filter(
      ({ principalKind, principalArn }) =>
        principalKind === "node-role" || isNodeRole(evidence, principalArn ?? ""),
    );
    const principal = asNode[0]?.principalArn ?? null;
    if (principal === null) return pass();
    if (workload.value.template.hostNetwork && asNode[0]?.principalKind === "node-role") {
      return notApplicable("the pods use the host's network, which tells more");
    }
    if (misplacedIdentity(evidence, question) !== null) {
      return notApplicable("an identity that seems meant for this workload is configured elsewhere");
    }
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      cluster: question.cluster,
      principal,
      calls: listed(asNode.map(describeCall)),
    };
    const same = asNode.filter(({ principalArn }) => sameRole(principalArn ?? "", principal));
    return fail("denied", data, associationRemedy(evidence, question, same));
  },
});

function asSession(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(({ principalArn }) =>
    principalArn?.includes(":assumed-role/"),
  );
}
