/** Rules that no story of the sandbox shows, and why. Every other rule has one. */
export const withoutStory: Readonly<Record<string, string>> = {
  "iam-eventual-consistency":
    "It holds for two minutes after a change, and the sandbox's IAM is consistent at once.",
  "oidc-thumbprint-wrong":
    "Thumbprints count only for issuers with private certificates, which no EKS cluster has.",
  "sdk-too-old-for-irsa":
    "CloudTrail would tell the release of such an SDK by its calls as the node, and those are looked for only where a pod carries no identity.",
};
