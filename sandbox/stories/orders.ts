import { restrictedNodegroup, restrictedTaint } from "./clusters.ts";
import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, podIdentityTrust } from "./policies.ts";
import { hours, type Story } from "./story.ts";

const image = "public.ecr.aws/aws-containers/retail-store-sample-orders:1.2.1";

/** No identity, on nodes whose metadata service pods do not reach: the SDK finds no credentials at all. */
export const orders: Story = {
  cluster: "eks-workshop",
  namespace: "orders",
  name: "orders",
  kind: "Deployment",
  expect: {
    conclusion: "cause-found",
    ruleId: "no-credentials-no-identity",
    alsoWrong: ["imds-hop-limit-1"],
  },
  install(world) {
    const table = arnOf(world, "dynamodb", "table/Orders");
    world.account.addRole({
      name: "eks-workshop-orders-dynamo",
      trustPolicy: podIdentityTrust,
      inline: {
        orders: allow(
          "Orders",
          ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"],
          [table, `${table}/index/*`],
        ),
      },
      description: "DynamoDB access of the orders service",
    });
    world.at(8 * hours, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, {
        name: "orders",
        sdk: "java-v2",
        calls: [{ action: "dynamodb:PutItem", resource: table }],
      });
      cluster.create(namespace("orders", { "app.kubernetes.io/created-by": "eks-workshop" }));
      cluster.create(serviceAccount("orders", "orders"));
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "orders",
          name: "orders",
          image,
          replicas: 2,
          serviceAccount: "orders",
          env: { RETAIL_ORDERS_PERSISTENCE_PROVIDER: "dynamodb", AWS_REGION: world.account.region },
          nodeSelector: { "eks.amazonaws.com/nodegroup": restrictedNodegroup },
          tolerations: [restrictedTaint],
        }),
      );
    });
  },
};
