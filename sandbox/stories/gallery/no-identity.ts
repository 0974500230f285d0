import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** Nothing is configured: pods are their node, or nobody. */
export const noIdentity: Theme = {
  title: "No identity at all: the node's role, or no credentials",
  stories: [
    scene({
      at: "scraper/scraper",
      about: "No identity; Go asks as the node role, which may not",
      rule: "node-role-fallback-no-identity",
      sdk: "go-v2",
      calls: ["dynamodb:Scan table/Prices"],
    }),
    scene({
      at: "thumbnails/thumbnails",
      about: "No identity; the node's metadata service answers no pod, because its hop limit is 1",
      rule: "no-credentials-no-identity",
      alsoWrong: ["imds-hop-limit-1"],
      calls: ["s3:GetObject eks-gallery-pictures/cat.png"],
      on: "hop-limit",
    }),
    scene({
      at: "beacon/beacon",
      about: "No identity, on a node whose instance has no profile",
      rule: "no-credentials-no-identity",
      alsoWrong: ["node-without-instance-profile"],
      sdk: "go-v2",
      calls: ["sqs:SendMessage beacon"],
      on: "no-profile",
    }),
    scene({
      at: "mailer/mailer",
      about: "No identity, and the container switches the metadata service off for itself",
      rule: "no-credentials-no-identity",
      alsoWrong: ["imds-blocked"],
      sdk: "js-v3",
      calls: ["ses:SendEmail identity/example.org"],
      manifest: { env: { AWS_EC2_METADATA_DISABLED: "true" } },
    }),
    scene({
      at: "probe/probe",
      about: "No identity on the host's network, where a hop limit of 1 keeps nobody from the node's role",
      rule: "hostnetwork-node-role",
      kind: "DaemonSet",
      sdk: "go-v2",
      calls: ["sqs:SendMessage probe"],
      manifest: { hostNetwork: true },
      on: "hop-limit",
    }),
    scene({
      at: "heirloom/heirloom",
      about: "The pod template still asks kube2iam for a role",
      rule: "kube2iam-kiam-leftover",
      calls: ["dynamodb:Query table/Heirloom"],
      manifest: { podAnnotations: { "iam.amazonaws.com/role": "eks-gallery-heirloom" } },
    }),
  ],
};
