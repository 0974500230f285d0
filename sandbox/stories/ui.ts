import { namespace, serviceAccount, workload } from "./manifests.ts";
import { days, type Story } from "./story.ts";

const image = "public.ecr.aws/aws-containers/retail-store-sample-ui:1.2.1";

/** Makes no AWS calls: having no identity is as it should be. */
export const ui: Story = {
  cluster: "eks-workshop",
  namespace: "ui",
  name: "ui",
  kind: "Deployment",
  expect: { conclusion: "no-fault-found", ruleId: null },
  install(world) {
    world.at(4 * days, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, { name: "ui", sdk: "none", calls: [] });
      cluster.create(namespace("ui"));
      cluster.create(serviceAccount("ui", "ui"));
      cluster.create(
        workload({ kind: "Deployment", namespace: "ui", name: "ui", image, serviceAccount: "ui" }),
      );
    });
  },
};
