import { expectedIdentity, injectedInto } from "./identity.ts";
import { irsaRole } from "./irsa.ts";
import { refusalsOfRole } from "./refused-calls.ts";
import type { Condition } from "./rule.ts";
import { placesOf, uninjected } from "./subject.ts";

/** Circumstances that several rules share: they have nothing to say, and nothing is gathered for them, elsewhere. */

export const whenAssociated: Condition<"eks.association"> = {
  needs: ["eks.association"],
  holds(evidence) {
    return evidence["eks.association"].status === "found" || "the service account has no association";
  },
};

/** IAM roles for service accounts decide, and the annotation is a role's ARN. */
export const whenRoleAnnotated: Condition<"k8s.service-account" | "eks.association"> = {
  needs: ["k8s.service-account", "eks.association"],
  holds: (evidence) => irsaRole(evidence) !== null || "no role is given by annotation",
};

export const whenUninjected: Condition<
  "k8s.workload" | "k8s.pods" | "k8s.service-account" | "eks.association"
> = {
  needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
  holds(evidence, question) {
    return uninjected(evidence, question).length > 0 || "no running pod lacks a configured identity";
  },
};

/** Pods of EKS Pod Identity run, so the agent on their nodes is asked for credentials. */
export const whenAgentAsked: Condition<
  "k8s.workload" | "k8s.pods" | "eks.association" | "k8s.service-account"
> = {
  needs: ["k8s.workload", "k8s.pods", "eks.association", "k8s.service-account"],
  holds(evidence, question) {
    if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return "Pod Identity is not configured";
    const asks = placesOf(evidence["k8s.pods"], question).some(
      ({ container }) => injectedInto(container).mechanism === "pod-identity",
    );
    return asks || "no running pod asks the agent for credentials";
  },
};

/** The configured role is used, and calls of it are refused that no other layer than its own policies explains. */
export const whenRoleRefused: Condition<
  "k8s.pods" | "k8s.service-account" | "eks.association" | "logs.errors"
> = {
  needs: ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
  holds(evidence) {
    return (
      refusalsOfRole(evidence).length > 0 || "no call of the configured role was refused by its own policies"
    );
  },
};
