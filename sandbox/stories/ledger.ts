import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, arnOf, irsaTrust } from "./policies.ts";
import { days, type Story } from "./story.ts";

const image = "111122223333.dkr.ecr.us-west-2.amazonaws.com/ledger:1.9.2";

/** In the cluster with the broken webhook, but its pods are older than the edit: injected, and healthy until they restart. */
export const ledger: Story = {
  cluster: "eks-legacy",
  namespace: "ledger",
  name: "ledger",
  kind: "StatefulSet",
  expect: { conclusion: "no-fault-found", ruleId: null },
  install(world) {
    const table = arnOf(world, "dynamodb", "table/Ledger");
    const roleArn = world.account.addRole({
      name: "eks-legacy-ledger",
      trustPolicy: irsaTrust(world, "eks-legacy", "ledger", "ledger"),
      inline: { ledger: allow("Append", ["dynamodb:PutItem", "dynamodb:Query"], [table]) },
    });
    world.at(6 * days, () => {
      const cluster = world.cluster("eks-legacy");
      cluster.registerImage(image, {
        name: "ledger",
        sdk: "boto3",
        calls: [{ action: "dynamodb:PutItem", resource: table }],
      });
      cluster.create(namespace("ledger"));
      cluster.create(serviceAccount("ledger", "ledger", roleArn));
      cluster.create(
        workload({
          kind: "StatefulSet",
          namespace: "ledger",
          name: "ledger",
          image,
          replicas: 2,
          serviceAccount: "ledger",
        }),
      );
    });
  },
};
