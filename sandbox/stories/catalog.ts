import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, irsaTrust } from "./policies.ts";
import { days, type Story } from "./story.ts";

const image = "public.ecr.aws/aws-containers/retail-store-sample-catalog:1.2.1";

/** IAM roles for service accounts, all of it right. */
export const catalog: Story = {
  cluster: "eks-workshop",
  namespace: "catalog",
  name: "catalog",
  kind: "Deployment",
  expect: { conclusion: "no-fault-found", ruleId: null },
  install(world) {
    const table = arnOf(world, "dynamodb", "table/Products");
    const roleArn = world.account.addRole({
      name: "eks-workshop-catalog",
      trustPolicy: irsaTrust(world, "eks-workshop", "catalog", "catalog"),
      inline: { products: allow("ReadProducts", ["dynamodb:GetItem", "dynamodb:Query"], [table]) },
    });
    world.at(4 * days, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, {
        name: "catalog",
        sdk: "go-v2",
        calls: [{ action: "dynamodb:GetItem", resource: table }],
      });
      cluster.create(namespace("catalog"));
      cluster.create(serviceAccount("catalog", "catalog", roleArn));
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "catalog",
          name: "catalog",
          image,
          replicas: 2,
          serviceAccount: "catalog",
        }),
      );
    });
  },
};
