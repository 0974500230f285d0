import { disruptionBudget, namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, podIdentityTrust } from "./policies.ts";
import { hours, type Story } from "./story.ts";

const image = "public.ecr.aws/aws-containers/retail-store-sample-cart:1.2.1";

/**
 * Nothing gives the pods an identity, so they call DynamoDB as their node, and the node's role may not. The role
 * made for them waits without an association; another role that trusts Pod Identity allows something else.
 */
export const carts: Story = {
  cluster: "eks-workshop",
  namespace: "carts",
  name: "carts",
  kind: "Deployment",
  expect: { conclusion: "cause-found", ruleId: "node-role-fallback-no-identity" },
  install(world) {
    const table = arnOf(world, "dynamodb", "table/Items");
    const index = `${table}/index/idx_global_customerId`;
    const policyArn = world.account.addManagedPolicy(
      "eks-workshop-carts-dynamo",
      allow("AllAPIActionsOnCart", ["dynamodb:*"], [table, `${table}/index/*`]),
    );
    world.account.addRole({
      name: "eks-workshop-carts-dynamo",
      trustPolicy: podIdentityTrust,
      attached: [policyArn],
      description: "DynamoDB access of the carts service",
    });
    world.account.addRole({
      name: "eks-workshop-assets-s3",
      trustPolicy: podIdentityTrust,
      inline: { assets: allow("ReadAssets", ["s3:GetObject"], ["arn:aws:s3:::eks-workshop-assets/*"]) },
      description: "Product pictures",
    });

    world.at(26 * hours, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, {
        name: "carts",
        sdk: "java-v1",
        calls: [{ action: "dynamodb:Query", resource: index }],
      });
      cluster.create(namespace("carts", { "app.kubernetes.io/created-by": "eks-workshop" }));
      cluster.create(serviceAccount("carts", "carts"));
      cluster.create(disruptionBudget("carts", "carts", 1, 2));
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "carts",
          name: "carts",
          image,
          replicas: 2,
          serviceAccount: "carts",
          env: {
            RETAIL_CART_PERSISTENCE_PROVIDER: "dynamodb",
            RETAIL_CART_PERSISTENCE_DYNAMODB_TABLE_NAME: "Items",
          },
        }),
      );
    });
  },
};
