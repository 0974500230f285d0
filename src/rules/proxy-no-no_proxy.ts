import { agentAnswered, whenAgentFails } from "../core/agent-symptoms.ts";
import { agentAddressOf, isInBlock } from "../core/egress.ts";
import { setVariables } from "../core/fixes.ts";
import { injectedInto } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, listed, placesOf } from "../core/subject.ts";

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
    unless: [
      "A block such as 169.254.0.0/16 is listed: Go and others read it. A program that knows single addresses only needs the address itself.",
      "The agent answered the pod, if only to refuse it.",
      "botocore, the AWS CLI, the JavaScript SDK of version 3 and Ruby's never send this call through a proxy.",
    ],
    messages: {
      proxied:
        "Container {{container}} sends HTTP through {{proxy}}, and {{exceptions}} does not except {{address}}, where the agent answers: no proxy can reach that address.",
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
    for (const { pod, container } of placesOf(evidence["k8s.pods"], question)) {
      if (injectedInto(container).mechanism !== "pod-identity") continue;
      if (agentAnswered(evidence, pod.name)) continue;
      const spelled = (variable: string) =>
        container.env.filter(({ name, value }) => name.toLowerCase() === variable && value !== "");
      const [proxy] = spelled("http_proxy");
      if (proxy === undefined) continue;
      const address = agentAddressOf(container);
      const exceptions = spelled("no_proxy");
      // A value that comes from elsewhere cannot be judged; and which spelling counts, each program decides.
      if (exceptions.some(({ value }) => value === null || excepts(value, address))) continue;
      const names = exceptions.length === 0 ? ["NO_PROXY"] : exceptions.map(({ name }) => name);
      const corrected = names.map((name) => {
        const present = entriesOf(exceptions.find((variable) => variable.name === name)?.value ?? "");
        return [name, [...new Set([...present, ...linkLocal])].join(",")] as const;
      });
      return fail(
        "proxied",
        {
          container: container.name,
          proxy: proxy.name,
          exceptions: exceptions.length === 0 ? "NO_PROXY, which is not set," : listed(names),
          address,
        },
        setVariables(workload, container.name, Object.fromEntries(corrected), question),
      );
    }
    return pass();
  },
});

/**
 * Does the list of exceptions hold the address? As the widest reader takes it, Go's: single addresses, with a port or
 * without, and blocks. https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
function excepts(list: string, address: string): boolean {
  return entriesOf(list).some((entry) => {
    const host = /^\[([^\]]*)\](?::80)?$/.exec(entry)?.[1] ?? entry.replace(/^([0-9.]+):80$/, "$1");
    return host === "*" || isInBlock(host, address);
  });
}

function entriesOf(list: string): readonly string[] {
  return list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
