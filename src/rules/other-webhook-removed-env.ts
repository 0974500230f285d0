import { known } from "../core/identity.ts";
import { restart } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, stripped } from "../core/subject.ts";

export const otherWebhookRemovedEnv = defineRule({
  id: "other-webhook-removed-env",
  meta: {
    title: "The injected variables were taken out of the pod again",
    stage: "injection",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: [
      "The container was added by another webhook after this one, such as a sidecar: it never had the variables, and the workload does not need them there.",
      "The pod names the container in its skip list: see container-skipped.",
      "The container sets one variable of the pair itself: see partial-env-suppresses-injection.",
    ],
    messages: {
      removed:
        "The webhook gave {{pods}} an identity, whose token volume is there, but the variables that it adds with it are gone: another mutating webhook wrote the containers anew ({{others}}).",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
    holds: (evidence, question) =>
      stripped(evidence, question).length > 0 || "no container has lost its variables",
  },
  needs: [],
  wants: ["k8s.other-webhooks"],
  check(evidence, question) {
    const places = stripped(evidence, question);
    if (places.length === 0) return pass();
    const others = known(evidence["k8s.other-webhooks"]);
    const names = [...new Set((others ?? []).map(({ configuration }) => configuration))];
    const data = {
      pods: listed(places.map(({ pod, container }) => `container ${container.name} of pod ${pod.name}`)),
      others:
        others === null
          ? "which ones are called could not be seen"
          : names.length === 0
            ? "none is called for pods of the namespace now"
            : `called here: ${listed(names)}`,
    };
    const [first] = names;
    return fail("removed", data, {
      manual: [
        {
          title:
            "Let the other webhook add to the variables and volumes of containers instead of writing the lists anew, or leave this workload out of it",
          command: `kubectl get ${first === undefined ? "mutatingwebhookconfigurations" : `mutatingwebhookconfiguration ${shellWord(first)}`} -o yaml`,
        },
        { title: "Then replace the pods", command: restart(question) },
      ],
    });
  },
});
