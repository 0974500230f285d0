import { whenAgentFails } from "../core/agent-symptoms.ts";
import { setVariables } from "../core/fixes.ts";
import { injectedInto } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, placesOf } from "../core/subject.ts";

/** Addresses that must never go through a proxy: the agent's two, and the instance metadata. */
const linkLocal = ["169.254.170.23", "[fd00:ec2::23]", "169.254.169.254"];

/** SDKs that never send the call to the agent through a proxy. */
const unproxied = ["boto3", "aws-cli", "js3", "ruby"];

export const proxyNoNoProxy = defineRule({
  id: "proxy-no-no_proxy",
  meta: {
    title: "Calls to the agent go to the proxy",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    messages: {
      proxied:
        "Container {{container}} sends HTTP through {{proxy}}, and {{exceptions}} does not except 169.254.170.23, where the agent answers: no proxy can reach that address.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.workload"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const sdks = currentErrors(evidence).flatMap(({ sdk }) => sdk ?? []);
    if (sdks.length > 0 && sdks.every((sdk) => unproxied.includes(sdk))) {
      return notApplicable("this SDK never calls the agent through a proxy");
    }
    for (const { container } of placesOf(evidence["k8s.pods"], question)) {
      if (injectedInto(container).mechanism !== "pod-identity") continue;
      const value = (wanted: string) =>
        container.env.find(({ name }) => name.toLowerCase() === wanted && name !== "HTTPS_PROXY") ?? null;
      const proxy = value("http_proxy");
      const exceptions = value("no_proxy");
      if (proxy === null || proxy.value === "") continue;
      const listed = (exceptions?.value ?? "").split(",").map((entry) => entry.trim());
      // A value that comes from elsewhere cannot be judged.
      if (exceptions !== null && exceptions.value === null) continue;
      if (listed.includes("*") || listed.includes("169.254.170.23")) continue;
      const all = [...new Set([...listed.filter((entry) => entry !== ""), ...linkLocal])].join(",");
      const name = exceptions?.name ?? "NO_PROXY";
      return fail(
        "proxied",
        {
          container: container.name,
          proxy: proxy.name,
          exceptions: exceptions === null ? "NO_PROXY, which is not set," : name,
        },
        setVariables(workload, container.name, { [name]: all }, question),
      );
    }
    return pass();
  },
});
