import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** What EKS answers to an operator that creates associations; its log is all that there is to see of it. */
function refusal(code: string, message: string): () => readonly string[] {
  const answer = `operation error EKS: CreatePodIdentityAssociation, https response error StatusCode: 409, RequestID: 0f6c0b1e-0000-4000-8000-000000000009, ${code}: ${message}`;
  return () => [JSON.stringify({ level: "error", msg: "Reconciler error", error: answer })];
}

/** Programs that manage the access of others, or ask where they run. */
export const operators: Theme = {
  title: "Operators and controllers",
  stories: [
    scene({
      at: "associator/associator",
      about: "An operator creates an association that is there already",
      rule: "association-duplicate",
      sdk: "go-v2",
      calls: ["eks:ListPodIdentityAssociations cluster/eks-gallery"],
      podIdentity: {},
      alsoLogs: refusal(
        "ResourceInUseException",
        "Association already exists: a-0123456789abcdef0, only one is allowed for a service account",
      ),
    }),
    scene({
      at: "multitude/multitude",
      about: "An operator creates more associations than a cluster may have",
      rule: "association-quota",
      sdk: "go-v2",
      calls: ["eks:ListPodIdentityAssociations cluster/eks-gallery"],
      podIdentity: {},
      alsoLogs: refusal("ResourceLimitExceededException", "limit exceeded"),
    }),
    scene({
      at: "balancers/balancers",
      about: "A controller asks the instance metadata for its VPC, on nodes that do not answer pods",
      rule: "imds-region-or-vpc-unreachable",
      sdk: "go-v2",
      on: "hop-limit",
      irsa: {},
      manifest: { env: { AWS_REGION: "us-west-2" } },
      startLines: () => [],
      cannotStart: () => [
        '{"level":"error","logger":"setup","msg":"unable to initialize AWS cloud","error":"failed to introspect vpcID from EC2Metadata or Node name, specify --aws-vpc-id instead if EC2Metadata is unavailable: failed to fetch VPC ID from instance metadata: operation error ec2imds: GetMetadata, canceled, context deadline exceeded"}',
      ],
    }),
  ],
};
