import { setFsGroup } from "../core/fixes.ts";
import { known } from "../core/identity.ts";
import { showObject } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

/** The group that the webhook's own documentation uses for tokens: `nobody`. */
const tokenGroup = 65534;

export const tokenFilePermission = defineRule({
  id: "token-file-permission",
  meta: {
    title: "The process may not read its token file",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/concepts/storage/projected-volumes/#securitycontext-interactions",
      "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
    ],
    unless: [
      "The path is /var/run/secrets/kubernetes.io/…: that token is for the Kubernetes API and has nothing to do with AWS.",
    ],
    messages: {
      denied:
        "Container {{containers}} may not read its token file ({{excerpt}}): it runs as {{user}}, and the pod sets {{fsGroup}}. Kubernetes gives the file to the user only where all containers of the pod run as the same one.",
    },
  },
  when: whenSign("token-file-denied"),
  needs: [],
  wants: ["k8s.workload"],
  check(evidence, question) {
    const sign = signOf(evidence, "token-file-denied");
    const workload = evidence["k8s.workload"];
    if (sign === null) return pass();
    const pod = (known(evidence["k8s.pods"])?.pods ?? []).find(({ name }) => sign.pods.includes(name));
    const container = pod?.containers.find(({ name }) => sign.containers.includes(name));
    const user = container?.runAsUser ?? pod?.runAsUser ?? null;
    const fsGroup = pod?.fsGroup ?? null;
    return fail(
      "denied",
      {
        ...signData(sign),
        user: nameOf(user),
        fsGroup: fsGroup === null ? "no fsGroup" : `fsGroup ${fsGroup}`,
      },
      workload.status === "found"
        ? setFsGroup(workload, tokenGroup, question)
        : {
            manual: [
              {
                title: "Give the pod's volumes a group that its processes are in",
                command: showObject(question),
              },
            ],
          },
    );
  },
});

/** Root may read every file: a process that may not has become somebody else. */
function nameOf(user: number | null): string {
  if (user === null) return "the image's user";
  return user === 0 ? "a user that its image changes to after a start as root" : `user ${user}`;
}
