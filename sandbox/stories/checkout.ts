import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, podIdentityTrust } from "./policies.ts";
import { days, type Story } from "./story.ts";

const image = "public.ecr.aws/aws-containers/retail-store-sample-checkout:1.2.1";
const sidecarImage = "public.ecr.aws/nginx/nginx:1.27";

/** EKS Pod Identity, all of it right, with a sidecar that makes no AWS calls. */
export const checkout: Story = {
  cluster: "eks-workshop",
  namespace: "checkout",
  name: "checkout",
  kind: "Deployment",
  expect: { conclusion: "no-fault-found", ruleId: null },
  install(world) {
    const queue = arnOf(world, "sqs", "checkout-orders");
    const roleArn = world.account.addRole({
      name: "eks-workshop-checkout-sqs",
      trustPolicy: podIdentityTrust,
      inline: { queue: allow("SendOrders", ["sqs:SendMessage", "sqs:GetQueueUrl"], [queue]) },
    });
    world.at(3.2 * days, () => {
      world.account.addAssociation({
        cluster: "eks-workshop",
        namespace: "checkout",
        serviceAccount: "checkout",
        roleArn,
      });
    });
    world.at(3 * days, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, {
        name: "checkout",
        sdk: "js-v3",
        calls: [{ action: "sqs:SendMessage", resource: queue }],
      });
      cluster.registerImage(sidecarImage, { name: "proxy", sdk: "none", calls: [] });
      cluster.create(namespace("checkout"));
      cluster.create(serviceAccount("checkout", "checkout"));
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "checkout",
          name: "checkout",
          image,
          replicas: 2,
          serviceAccount: "checkout",
          sidecars: [{ name: "proxy", image: sidecarImage }],
        }),
      );
    });
  },
};
