import { networkPolicy } from "../manifests.ts";
import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** More than one true fault: all are told, in the order in which a call meets them, and one is the cause. */
export const several: Theme = {
  title: "Several faults at once",
  stories: [
    scene({
      at: "double/double",
      about: "The agent is not on the node, and the role would not let EKS Pod Identity in either",
      rule: "agent-not-on-node",
      alsoWrong: ["pi-trust-missing-tagsession"],
      calls: ["sqs:SendMessage double"],
      podIdentity: { trust: (right) => ({ ...right, Action: "sts:AssumeRole" }) },
      on: "no-agent",
    }),
    scene({
      at: "triple/triple",
      about: "The pods are older than the association, whose role names another service in its trust policy",
      rule: "pod-older-than-association",
      alsoWrong: ["pi-trust-missing-principal"],
      sdk: "go-v2",
      calls: ["sqs:SendMessage triple"],
      podIdentity: {
        hoursAgo: 3,
        trust: (right) => ({ ...right, Principal: { Service: "eks.amazonaws.com" } }),
      },
    }),
    scene({
      at: "walls/walls",
      about: "A proxy and a network policy, both in the way to the agent",
      rule: "networkpolicy-blocks-agent",
      alsoWrong: ["proxy-no-no_proxy"],
      sdk: "go-v2",
      calls: ["sqs:SendMessage walls"],
      podIdentity: {},
      manifest: { env: { HTTP_PROXY: "http://proxy.corp.example:3128" } },
      twist: ({ at, namespace }) =>
        at(26, (cluster) => cluster.create(networkPolicy(namespace, "nothing-out", []))),
    }),
  ],
};
