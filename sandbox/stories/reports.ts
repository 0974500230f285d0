import { namespace, serviceAccount, workload } from "./manifests.ts";
import { allow, irsaTrust } from "./policies.ts";
import { hours, type Story } from "./story.ts";

const image = "111122223333.dkr.ecr.us-west-2.amazonaws.com/reports:2.7.0";

/** Annotated and injected, but the role still trusts the ServiceAccount of the namespace's former name. */
export const reports: Story = {
  cluster: "eks-workshop",
  namespace: "reports",
  name: "reports",
  kind: "Deployment",
  expect: { conclusion: "cause-found", ruleId: "irsa-trust-sub-mismatch" },
  install(world) {
    const roleArn = world.account.addRole({
      name: "eks-workshop-reports",
      trustPolicy: irsaTrust(world, "eks-workshop", "reporting", "reports"),
      inline: { reports: allow("WriteReports", ["s3:PutObject"], ["arn:aws:s3:::eks-workshop-reports/*"]) },
    });
    world.at(30 * hours, () => {
      const cluster = world.cluster("eks-workshop");
      cluster.registerImage(image, {
        name: "reports",
        sdk: "boto3",
        calls: [{ action: "s3:PutObject", resource: "arn:aws:s3:::eks-workshop-reports/daily/summary.csv" }],
      });
      cluster.create(namespace("reports"));
      cluster.create(serviceAccount("reports", "reports", roleArn), "helm");
      cluster.create(
        workload({
          kind: "Deployment",
          namespace: "reports",
          name: "reports",
          image,
          serviceAccount: "reports",
        }),
        "helm",
      );
    });
  },
};
