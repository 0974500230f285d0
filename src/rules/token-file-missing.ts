import { known } from "../core/identity.ts";
import { setVariable, showMounts } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const tokenFileMissing = defineRule({
  id: "token-file-missing",
  meta: {
    title: "The token file that the SDK is told to read is not there",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "The process runs in another container, to which the webhook gave nothing: see container-skipped.",
    ],
    messages: {
      noVolume:
        "Container {{containers}} does not find its token file ({{excerpt}}): pod {{pod}} has no volume with a token for AWS, so the variables that name the file were written by hand.",
      hidden:
        "Container {{containers}} does not find its token file ({{excerpt}}), although pod {{pod}} has the volume {{volume}}: the mount was removed, another mount or the image hides the path, or the process runs under another root.",
    },
  },
  when: whenSign("token-file-missing"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "token-file-missing");
    if (sign === null) return pass();
    const pod = (known(evidence["k8s.pods"])?.pods ?? []).find(({ name }) => sign.pods.includes(name));
    const data = { ...signData(sign), pod: pod?.name ?? sign.pods[0] ?? "" };
    const volume = pod?.tokenVolumes[0]?.name;
    const look = (title: string, command: string) => ({ manual: [{ title, command }] });
    const [container] = sign.containers;
    return volume === undefined
      ? fail(
          "noVolume",
          data,
          look(
            "Remove the hand-written variables, and let the webhook add variables and volume together; the pods are then replaced",
            setVariable(question, container, "AWS_ROLE_ARN-", "AWS_WEB_IDENTITY_TOKEN_FILE-"),
          ),
        )
      : fail(
          "hidden",
          { ...data, volume },
          look("Compare the container's mounts with the path in the message", showMounts(question, data.pod)),
        );
  },
});
