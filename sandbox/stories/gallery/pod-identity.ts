import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** Faults of associations, and of the roles that they name. */
export const podIdentity: Theme = {
  title: "EKS Pod Identity: associations and their roles",
  stories: [
    scene({
      at: "imports/imports",
      about: "The role lets EKS Pod Identity in, but not tag its sessions",
      rule: "pi-trust-missing-tagsession",
      sdk: "go-v2",
      calls: ["sqs:SendMessage imports"],
      podIdentity: { trust: (right) => ({ ...right, Action: "sts:AssumeRole" }) },
    }),
    scene({
      at: "exports/exports",
      about: "The association is newer than the pods, which nobody has restarted since",
      rule: "pod-older-than-association",
      calls: ["s3:PutObject eks-gallery-exports/day.csv"],
      podIdentity: { hoursAgo: 2 },
    }),
  ],
};
