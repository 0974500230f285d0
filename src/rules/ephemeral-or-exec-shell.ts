import { expectedIdentity } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { listed, shellWord } from "../core/subject.ts";

export const ephemeralOrExecShell = defineRule({
  id: "ephemeral-or-exec-shell",
  meta: {
    title: "A debug container has none of the pod's AWS identity",
    stage: "injection",
    severity: "info",
    references: [
      "https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: ["It never is: this is information. The application itself is judged by the other rules."],
    messages: {
      debug:
        "Container {{debug}} was added to pod {{pod}} by kubectl debug, after the webhook had given the pod its identity: what AWS answers in there says nothing of the application.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association"],
    holds(evidence) {
      const expected = expectedIdentity(evidence);
      return (expected !== null && expected.mechanism !== "none") || "no identity is configured";
    },
  },
  needs: [],
  check(evidence, question) {
    const pods = evidence["k8s.pods"];
    const debugged = (pods.status === "found" ? pods.value.pods : []).find(
      // Bundles of before this was recorded hold no such list.
      ({ ephemeralContainers }) => (ephemeralContainers ?? []).length > 0,
    );
    if (debugged === undefined) return pass();
    const container = debugged.containers.find(({ init }) => !init)?.name ?? "";
    return fail(
      "debug",
      { debug: listed(debugged.ephemeralContainers), pod: debugged.name },
      {
        manual: [
          {
            title:
              "Ask AWS who calls from inside the application's own container, where the image has the CLI",
            command: `kubectl -n ${shellWord(question.namespace)} exec ${shellWord(debugged.name)} -c ${shellWord(container)} -- aws sts get-caller-identity`,
          },
        ],
      },
    );
  },
});
