import { allow, podIdentityTrust } from "../policies.ts";
import { allowing, scene } from "../scene.ts";
import type { Theme } from "../story.ts";
import { gallery } from "./clusters.ts";

/** Associations, and whether they reach the pods. */
export const podIdentity: Theme = {
  title: "EKS Pod Identity: the association",
  stories: [
    scene({
      at: "inventory/inventory",
      about: "The association names the service account inventory-sa; the pods run as inventory",
      rule: "pia-other-service-account",
      calls: ["dynamodb:Query table/Inventory"],
      podIdentity: { serviceAccount: "inventory-sa" },
    }),
    scene({
      at: "forecasts/forecasts",
      about: "The association is for the same service account in another namespace",
      rule: "pia-other-namespace",
      sdk: "go-v2",
      calls: ["dynamodb:Query table/Forecasts"],
      podIdentity: { namespace: "forecasts-staging" },
    }),
    scene({
      at: "twins/twins",
      about: "The association is in another cluster",
      rule: "pia-other-cluster",
      calls: ["dynamodb:Query table/Twins"],
      twist: ({ account, at, namespace, name }) => {
        const roleArn = account.addRole({ name: "eks-gallery-twins", trustPolicy: podIdentityTrust });
        at(27, () =>
          account.addAssociation({ cluster: "eks-ipv6", namespace, serviceAccount: name, roleArn }),
        );
      },
    }),
    scene({
      at: "exports/exports",
      about: "The association is newer than the pods, which nobody has restarted since",
      rule: "pod-older-than-association",
      calls: ["s3:PutObject eks-gallery-exports/day.csv"],
      podIdentity: { hoursAgo: 2 },
    }),
    scene({
      at: "flaky/flaky",
      about: "The webhook missed one of two pods, and nothing tells it",
      rule: "injection-missed-webhook-flap",
      sdk: "js-v3",
      calls: ["sqs:SendMessage flaky"],
      podIdentity: {},
      manifest: { replicas: 2 },
      hoursAgo: 25,
      twist: ({ at }) => at(25.1, (cluster) => cluster.faults.set("webhook:mutate", "hang", 1)),
    }),
    scene({
      at: "thumbs/thumbs",
      about:
        "An association took over from the annotation, whose role may nothing; the pods still carry that one",
      rule: "pia-and-irsa-both",
      calls: ["s3:GetObject eks-gallery-thumbs/cat.png"],
      irsa: { roleName: "eks-gallery-thumbs-former", allows: [] },
      twist: ({ account, at, namespace }) => {
        const roleArn = account.addRole({
          name: "eks-gallery-thumbs",
          trustPolicy: podIdentityTrust,
          inline: { read: allow("Read", ["s3:GetObject"], ["arn:aws:s3:::eks-gallery-thumbs/*"]) },
        });
        at(2, () =>
          account.addAssociation({ cluster: gallery, namespace, serviceAccount: "thumbs", roleArn }),
        );
      },
    }),
    scene({
      at: "heirs/heirs",
      about: "The association names a better role since an hour; the pods keep the session of the former one",
      rule: "association-role-changed-old-creds",
      calls: ["dynamodb:Query table/Heirs"],
      hoursAgo: 3,
      podIdentity: { roleName: "eks-gallery-heirs-former", allows: [] },
      twist: ({ account, at, namespace, name, world }) => {
        const better = account.addRole({
          name: "eks-gallery-heirs",
          trustPolicy: podIdentityTrust,
          inline: { query: allowing(world, ["dynamodb:Query table/Heirs"]) },
        });
        at(1, (cluster) => {
          const association = account.association(cluster.name, namespace, name);
          account.updateAssociation(association?.associationId ?? "", { roleArn: better });
        });
      },
    }),
    scene({
      at: "elderly/elderly",
      cluster: "eks-elderly",
      about: "The cluster's platform version does not know EKS Pod Identity",
      rule: "cluster-version-unsupported",
      calls: ["s3:GetObject eks-elderly/old.csv"],
      podIdentity: {},
    }),
  ],
};
