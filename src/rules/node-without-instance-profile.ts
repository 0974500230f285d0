import { instancesOf } from "../core/instances.ts";
import { whenNothingFound } from "../core/missed-identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf } from "../core/sign-symptoms.ts";
import { listed, serviceAccountOf } from "../core/subject.ts";

export const nodeWithoutInstanceProfile = defineRule({
  id: "node-without-instance-profile",
  meta: {
    title: "The node's instance has no role to give",
    stage: "identity-configuration",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
      "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html",
    ],
    unless: [
      "It is never the cause: this is information beside the missing identity.",
      "A call was refused to the node role: then there is one.",
    ],
    messages: {
      none: "The pods of service account {{serviceAccount}} run on {{instances}} without an instance profile, so the metadata gives them no credentials either.",
      empty:
        "The instance metadata answers container {{containers}} that there is no role ({{excerpt}}), although {{instances}} has an instance profile: the profile holds no role any more.",
    },
  },
  when: whenNothingFound,
  needs: ["k8s.nodes", "ec2.instances"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const on = instancesOf(evidence, question).map(({ instance }) => instance);
    const [first] = on;
    if (workload.status === "absent" || first === undefined) return pass();
    const bare = on.filter(({ instanceProfileArn }) => instanceProfileArn === null);
    const look = {
      title:
        "For the workload, configure an identity. The node itself needs its role too: without it, it joins no cluster and pulls no image. See what became of it",
      command: `aws ec2 describe-iam-instance-profile-associations --filters ${shellWord(`Name=instance-id,Values=${on.map(({ instanceId }) => instanceId).join(",")}`)}`,
    };
    if (bare.length > 0) {
      const instances = listed(bare.map(({ instanceId }) => `instance ${instanceId}`));
      return fail(
        "none",
        { instances, serviceAccount: serviceAccountOf(workload.value) },
        { manual: [look] },
      );
    }
    const sign = signOf(evidence, "imds-without-role");
    if (sign === null) return pass();
    const profile = first.instanceProfileArn ?? "";
    const instances = listed(on.map(({ instanceId }) => `instance ${instanceId}`));
    return fail(
      "empty",
      { ...signData(sign), instances },
      {
        manual: [
          {
            title: look.title,
            command: `aws iam get-instance-profile --instance-profile-name ${shellWord(profile.slice(profile.lastIndexOf("/") + 1))}`,
          },
        ],
      },
    );
  },
});
