import { whenAgentFails } from "../core/agent-symptoms.ts";
import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentErrors, currentSigns, placesOf } from "../core/subject.ts";

export const ipv6ClusterAddress = defineRule({
  id: "ipv6-cluster-address",
  meta: {
    title: "The SDK does not take the agent's IPv6 address",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
      "https://github.com/aws/aws-sdk-js",
    ],
    unless: ["The SDK is older than EKS Pod Identity altogether: see sdk-too-old-for-pod-identity."],
    messages: {
      refused:
        "The cluster uses IPv6, so container {{container}} is told to ask the agent at {{uri}}, and its SDK does not accept that address.",
    },
  },
  when: whenAgentFails,
  needs: [],
  check(evidence, question) {
    const sixth = placesOf(evidence["k8s.pods"], question).flatMap(({ container }) => {
      const uri = container.env.find(({ name }) => name === "AWS_CONTAINER_CREDENTIALS_FULL_URI")?.value;
      return uri?.includes("[fd00:ec2::23]") === true ? [{ container: container.name, uri }] : [];
    })[0];
    if (sixth === undefined) return pass();
    // The JavaScript SDK of version 2 never learned the address, and says nothing.
    const refuses =
      currentSigns(evidence).some(({ sign }) => sign === "sdk-refuses-agent-address") ||
      currentErrors(evidence).some(({ sdk }) => sdk === "js2");
    if (!refuses) return pass();
    return fail("refused", sixth, {
      manual: [
        {
          title: "Use a release of the SDK that knows the address, or give the workload its role by IRSA",
          command: setImage(question, sixth.container),
        },
      ],
    });
  },
});
