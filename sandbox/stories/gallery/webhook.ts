import type { NewObject } from "../../cluster/objects.ts";
import { webhookConfigurationName } from "../../cluster/webhook.ts";
import { namespace } from "../manifests.ts";
import { type Stage, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

const webhooks = "mutatingwebhookconfigurations.admissionregistration.k8s.io";

/** Has the API server call the webhook at another address than EKS's own. */
function callAt({ at }: Stage, hoursAgo: number, clientConfig: object): void {
  at(hoursAgo, ({ store }) => {
    store.update(webhooks, "", webhookConfigurationName, { manager: "kubectl-edit" }, (draft) => {
      const [entry] = draft["webhooks"] as { clientConfig: { caBundle: string } }[];
      if (entry !== undefined) {
        entry.clientConfig = { caBundle: entry.clientConfig.caBundle, ...clientConfig };
      }
      return draft;
    });
  });
}

/** The Service of a webhook that runs in the cluster, with one pod behind it that is not ready. */
const service = { namespace: "pod-identity-webhook", name: "pod-identity-webhook" };
const served: readonly NewObject[] = [
  namespace(service.namespace),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: service,
    spec: { ports: [{ port: 443 }], selector: { app: service.name } },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace: service.namespace,
      name: `${service.name}-x2x4z`,
      labels: { "kubernetes.io/service-name": service.name },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.80.101.9"], conditions: { ready: false } }],
    ports: [{ port: 443, protocol: "TCP" }],
  },
];

/** Faults of the webhook and of the OIDC provider: those of a whole cluster, each in one of its own. */
export const wholeClusters: Theme = {
  title: "What a whole cluster lacks",
  stories: [
    scene({
      at: "desks/desks",
      cluster: "eks-no-webhook",
      about: "Somebody deleted the webhook's configuration",
      rule: "webhook-configuration-missing",
      calls: ["dynamodb:GetItem table/Desks"],
      irsa: {},
      twist: ({ at }) => at(40, ({ store }) => store.remove(webhooks, "", webhookConfigurationName)),
    }),
    scene({
      at: "lamps/lamps",
      cluster: "eks-webhook-moved",
      about: "The webhook's configuration calls a port where nobody listens",
      rule: "webhook-url-unreachable",
      sdk: "go-v2",
      calls: ["sqs:SendMessage lamps"],
      irsa: {},
      manifest: { replicas: 2 },
      twist(stage) {
        callAt(stage, 40, { url: "https://127.0.0.1:24443/mutate" });
        // Pods that are newer than their annotation, and of different times.
        for (const [hoursAgo, count] of [
          [20, 2],
          [12, 1],
        ] as const) {
          stage.at(hoursAgo, ({ store }) => {
            for (const { metadata } of store.list("pods", stage.namespace).slice(0, count))
              store.remove("pods", stage.namespace, metadata.name);
          });
        }
      },
    }),
    scene({
      at: "chairs/chairs",
      cluster: "eks-webhook-down",
      about: "The cluster runs its own webhook, whose only pod is not ready",
      rule: "webhook-pod-down",
      calls: ["dynamodb:PutItem table/Chairs"],
      irsa: {},
      twist(stage) {
        callAt(stage, 40, { service: { ...service, path: "/mutate", port: 443 } });
        stage.at(40, (cluster) => {
          for (const object of served) cluster.create(object, "helm");
        });
      },
    }),
    scene({
      at: "rugs/rugs",
      cluster: "eks-no-provider",
      about: "Nobody told IAM of the cluster's issuer, and the account has as many providers as it may",
      rule: "oidc-provider-missing",
      alsoWrong: ["oidc-provider-quota"],
      sdk: "js-v3",
      calls: ["dynamodb:GetItem table/Rugs"],
      irsa: {},
      twist({ account }) {
        account.deleteOidcProvider(account.cluster("eks-no-provider")?.oidcIssuer ?? "");
        for (let former = account.oidcProviders().length; former < 100; former++) {
          const id = former.toString(16).toUpperCase().padStart(32, "DEADBEEF");
          account.addOidcProvider({
            issuer: `https://oidc.eks.us-west-2.amazonaws.com/id/${id}`,
            clientIds: ["sts.amazonaws.com"],
          });
        }
      },
    }),
    scene({
      at: "beds/beds",
      cluster: "eks-issuer-out",
      about: "STS cannot fetch the keys of the cluster's issuer",
      rule: "oidc-issuer-unreachable",
      calls: ["dynamodb:GetItem table/Beds"],
      irsa: {},
      twist({ account }) {
        const issuer = account.cluster("eks-issuer-out")?.oidcIssuer ?? "";
        account.deleteOidcProvider(issuer);
        account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"], reachable: false });
      },
    }),
  ],
};
