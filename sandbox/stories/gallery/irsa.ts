import type { Container, Pod } from "../../cluster/objects.ts";
import { loadBalancerCa } from "../certificates.ts";
import { mutatingWebhook, serviceAccount } from "../manifests.ts";
import { type Stage, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

const roleKey = "eks.amazonaws.com/role-arn";

/** Annotates the workload's ServiceAccount, as somebody does by hand. */
function annotate({ at, namespace, name, roleArn }: Stage, hoursAgo: number): void {
  at(hoursAgo, ({ store }) => {
    store.update("serviceaccounts", namespace, name, { manager: "kubectl-annotate" }, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [roleKey]: roleArn };
      return draft;
    });
  });
}

/** What a webhook makes of a container if it sets the list of variables instead of adding to it. */
function withMeshVariables(container: Container): Container {
  return { ...container, env: [{ name: "MESH_NODE", value: "sidecar" }] };
}

/** Faults of the annotation, and of what the webhook makes of it. */
export const irsa: Theme = {
  title: "IAM roles for service accounts: the annotation and the injection",
  stories: [
    scene({
      at: "invoices/invoices",
      about: "The role trusts the service account, which nobody has annotated",
      rule: "irsa-annotation-missing",
      calls: ["dynamodb:PutItem table/Invoices"],
      irsa: { annotation: () => null },
    }),
    scene({
      at: "tickets/tickets",
      about: "The role stands under a key that the webhook does not read",
      rule: "irsa-annotation-wrong-key",
      sdk: "go-v2",
      calls: ["sqs:SendMessage tickets"],
      irsa: { annotation: () => null },
      annotations: { "eks.amazonaws.com/role_arn": "arn:aws:iam::111122223333:role/eks-gallery-tickets" },
    }),
    scene({
      at: "labels/labels",
      about: "The annotation holds the role's name instead of its ARN",
      rule: "irsa-arn-malformed",
      calls: ["dynamodb:GetItem table/Labels"],
      irsa: { annotation: (arn) => arn.slice(arn.lastIndexOf("/") + 1) },
    }),
    scene({
      at: "refunds/refunds",
      about: "The annotation names a role that does not exist",
      rule: "irsa-role-missing",
      sdk: "js-v3",
      calls: ["dynamodb:PutItem table/Refunds"],
      irsa: { annotation: (arn) => `${arn}-role` },
    }),
    scene({
      at: "coupons/coupons",
      about: "The annotated service account differs from the one that the pods use by an affix",
      rule: "irsa-annotated-other-sa",
      calls: ["dynamodb:Query table/Coupons"],
      irsa: { subject: "coupons/coupons-sa", annotation: () => null },
      twist: ({ at, roleArn }) =>
        at(26, (cluster) => cluster.create(serviceAccount("coupons", "coupons-sa", roleArn), "helm")),
    }),
    scene({
      at: "quotes/quotes",
      about: "The chart made the service account, and the pods run as default",
      rule: "pod-uses-default-sa",
      sdk: "java-v2",
      calls: ["dynamodb:Query table/Quotes"],
      irsa: { subject: "quotes/quotes" },
      manifest: { serviceAccount: "default" },
      twist: ({ at, roleArn }) =>
        at(26, (cluster) => cluster.create(serviceAccount("quotes", "quotes", roleArn), "helm")),
    }),
    scene({
      at: "ratings/ratings",
      about: "The annotation is newer than the pods, which nobody has restarted since",
      rule: "pod-older-than-annotation",
      sdk: "java-v1",
      calls: ["dynamodb:PutItem table/Ratings"],
      irsa: { annotation: () => null },
      twist: (stage) => annotate(stage, 2),
    }),
    scene({
      at: "backups/backups",
      about: "A label of the pods keeps the webhook away from them",
      rule: "webhook-excluded",
      sdk: "go-v2",
      calls: ["s3:PutObject eks-gallery-backups/latest.tar"],
      irsa: {},
      manifest: { labels: { "eks.amazonaws.com/skip-pod-identity-webhook": "true" } },
    }),
    scene({
      at: "alerts/alerts",
      about: "One variable of the pair is set by hand, so that the webhook adds neither",
      rule: "partial-env-suppresses-injection",
      calls: ["sns:Publish alerts"],
      irsa: {},
      manifest: { env: { AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/eks-gallery-alerts" } },
    }),
    scene({
      at: "bookings/bookings",
      about: "The role of the annotation is another account's, which does not know the cluster's issuer",
      rule: "irsa-wrong-account",
      sdk: "go-v2",
      calls: ["dynamodb:PutItem table/Bookings"],
      irsa: { annotation: (arn) => arn.replace("111122223333", "444455556666") },
    }),
    scene({
      at: "seats/seats",
      about: "Service account and pods were made at once, and the webhook had not seen the one yet",
      rule: "sa-created-after-pod-race",
      calls: ["dynamodb:GetItem table/Seats"],
      irsa: {},
      hoursAgo: 24,
      twist: ({ at }) => at(24.1, (cluster) => cluster.faults.set("webhook:mutate", "hang", 1)),
    }),
    scene({
      at: "menus/menus",
      about: "The annotation of the pods keeps the webhook from their container",
      rule: "container-skipped",
      calls: ["s3:GetObject eks-gallery-menus/today.json"],
      irsa: {},
      manifest: { podAnnotations: { "eks.amazonaws.com/skip-containers": "proxy,menus" } },
    }),
    scene({
      at: "meshed/meshed",
      about: "Another webhook writes the variables of every container anew",
      rule: "other-webhook-removed-env",
      sdk: "go-v2",
      calls: ["sqs:SendMessage meshed"],
      irsa: {},
      twist: ({ at }) =>
        at(27, (cluster) => {
          const clientConfig = { service: { name: "mesh", namespace: "kube-system", path: "/", port: 443 } };
          const entry = "inject.mesh.example.com";
          cluster.create(
            mutatingWebhook({
              configuration: "mesh-injector",
              entry,
              caBundle: loadBalancerCa,
              clientConfig,
              failurePolicy: "Ignore",
              objectSelector: { matchLabels: { "app.kubernetes.io/name": "meshed" } },
            }),
            "helm",
          );
          cluster.addLaterWebhook("mesh-injector", (pod) =>
            pod.metadata.namespace === "meshed"
              ? { ...pod, spec: { ...pod.spec, containers: pod.spec.containers.map(withMeshVariables) } }
              : pod,
          );
        }),
    }),
    scene({
      at: "debugged/debugged",
      about: "A debug container beside the application, which has an identity where that one has none",
      rule: null,
      alsoWrong: ["ephemeral-or-exec-shell"],
      calls: ["dynamodb:GetItem table/Debugged"],
      irsa: {},
      twist: ({ at, namespace }) =>
        at(3, ({ store }) => {
          const [pod] = store.list("pods", namespace);
          store.update("pods", namespace, pod?.metadata.name ?? "", { manager: "kubectl-debug" }, (draft) => {
            (draft as Pod).spec["ephemeralContainers"] = [
              { name: "debugger-x7k2p", image: "amazon/aws-cli" },
            ];
            return draft;
          });
        }),
    }),
  ],
};
