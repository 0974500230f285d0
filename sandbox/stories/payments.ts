import type { PodOwner } from "../cluster/objects.ts";
import { webhookConfigurationName } from "../cluster/webhook.ts";
import { loadBalancerCa } from "./certificates.ts";
import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, irsaTrust } from "./policies.ts";
import { days, hours, type Story } from "./story.ts";

const repository = "111122223333.dkr.ecr.us-west-2.amazonaws.com/payments";
const webhooks = "mutatingwebhookconfigurations.admissionregistration.k8s.io";

/** When somebody pasted another webhook's certificate into the pod identity webhook's configuration. */
const caBundleEditMinutesAgo = 26 * hours;

/**
 * Annotation, trust and role are right, but the API server no longer reaches the pod identity webhook. Pods of the
 * release after the edit carry no identity and run as their node, without any error about credentials.
 */
export const payments: Story = {
  cluster: "eks-legacy",
  namespace: "payments",
  name: "payments",
  kind: "Deployment",
  expect: { conclusion: "cause-found", ruleId: "webhook-cabundle-wrong" },
  install(world) {
    const queue = arnOf(world, "sqs", "payments-settlement");
    const roleArn = world.account.addRole({
      name: "eks-legacy-payments",
      trustPolicy: irsaTrust(world, "eks-legacy", "payments", "payments"),
      inline: { settlement: allow("Settle", ["sqs:SendMessage", "sqs:GetQueueUrl"], [queue]) },
    });
    world.at(9 * days, () => {
      const cluster = world.cluster("eks-legacy");
      for (const version of ["3.4.0", "3.5.0"]) {
        cluster.registerImage(`${repository}:${version}`, {
          name: "payments",
          sdk: "go-v2",
          calls: [{ action: "sqs:SendMessage", resource: queue }],
        });
      }
      cluster.create(namespace("payments"));
      cluster.create(serviceAccount("payments", "payments", roleArn), "helm");
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "payments",
          name: "payments",
          image: `${repository}:3.4.0`,
          replicas: 2,
          serviceAccount: "payments",
          env: { AWS_REGION: world.account.region },
        }),
        "helm",
      );
    });
    world.at(caBundleEditMinutesAgo, () => {
      world
        .cluster("eks-legacy")
        .store.update(webhooks, "", webhookConfigurationName, { manager: "kubectl-edit" }, (draft) => {
          const entry = (draft["webhooks"] as { clientConfig: { caBundle: string } }[])[0];
          if (entry !== undefined) entry.clientConfig.caBundle = loadBalancerCa;
          return draft;
        });
    });
    world.at(25 * hours, () => {
      world
        .cluster("eks-legacy")
        .store.update("deployments.apps", "payments", "payments", { manager: "helm" }, (draft) => {
          const container = (draft as PodOwner).spec.template.spec.containers[0];
          if (container !== undefined) container.image = `${repository}:3.5.0`;
          return draft;
        });
    });
  },
};
