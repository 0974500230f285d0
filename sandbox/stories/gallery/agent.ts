import { networkPolicy } from "../manifests.ts";
import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** The agent of the pod's node, and the way to it. */
export const agent: Theme = {
  title: "EKS Pod Identity: the agent and the way to it",
  stories: [
    scene({
      at: "invoices/invoices",
      cluster: "eks-without-agent",
      about: "The EKS Pod Identity Agent is not installed in the cluster",
      rule: "agent-addon-missing",
      calls: ["s3:PutObject eks-invoices/1.pdf"],
      podIdentity: {},
    }),
    scene({
      at: "batch/batch",
      about: "The add-on's configuration keeps the agent off the pod's node",
      rule: "agent-not-on-node",
      sdk: "go-v2",
      calls: ["sqs:ReceiveMessage batch"],
      podIdentity: {},
      on: "no-agent",
    }),
    scene({
      at: "fourteen/fourteen",
      about: "IPv6 is off on the node, so the agent does not start there",
      rule: "agent-ipv6-disabled",
      calls: ["dynamodb:GetItem table/Fourteen"],
      podIdentity: {},
      on: "ipv6-off",
    }),
    scene({
      at: "edge/edge",
      about: "An ingress on the host's network took the agent's port while the agent was replaced",
      rule: "agent-port-conflict",
      calls: ["dynamodb:GetItem table/Edge"],
      podIdentity: {},
      on: "busy-port",
      twist: ({ at }) => {
        at(3, (cluster) => {
          const pods = cluster.store.list("pods", "kube-system");
          const there = pods.filter(({ spec }) => (spec as { nodeName?: string }).nodeName === busyNode);
          for (const { metadata } of there) {
            if (metadata.name.startsWith("eks-pod-identity-agent"))
              cluster.store.remove("pods", "kube-system", metadata.name);
          }
        });
      },
    }),
    scene({
      at: "ingress/ingress",
      about: "Listens on port 80 of the node's network; makes no AWS calls",
      rule: null,
      kind: "DaemonSet",
      sdk: "none",
      listensOn: 80,
      on: "busy-port",
      hoursAgo: 5,
      manifest: { hostNetwork: true },
    }),
    scene({
      at: "narrow/narrow",
      about: "The node's role may not ask EKS Auth for credentials",
      rule: "node-role-lacks-eks-auth",
      calls: ["s3:ListBucket eks-gallery-narrow"],
      podIdentity: {},
      on: "narrow-role",
    }),
    scene({
      at: "vault-sync/vault-sync",
      about: "The node's VPC has no endpoint for EKS Auth",
      rule: "eks-auth-unreachable",
      calls: ["secretsmanager:GetSecretValue secret:vault-sync"],
      podIdentity: {},
      on: "private",
    }),
    scene({
      at: "swarm/swarm",
      about: "EKS Auth throttles the agent",
      rule: "agent-throttled",
      calls: ["sqs:ReceiveMessage swarm"],
      podIdentity: {},
      on: "throttled",
    }),
    scene({
      at: "hasty/hasty",
      about: "The application gives up before EKS Auth has answered",
      rule: "agent-context-canceled",
      sdk: "go-v2",
      calls: ["sqs:ReceiveMessage hasty"],
      asksAgent: "impatient",
      podIdentity: {},
      on: "slow",
    }),
    scene({
      at: "n8n/n8n",
      about: "A client of its own sends the token to the agent as a bearer token",
      rule: "agent-bearer-prefix",
      calls: ["ses:SendEmail identity/example.org"],
      asksAgent: "with-bearer",
      podIdentity: {},
    }),
    scene({
      at: "wiki/wiki",
      about: "A client that knows no token file asks the agent without a token",
      rule: "agent-empty-token",
      calls: ["s3:GetObject eks-gallery-wiki/front.html"],
      asksAgent: "without-token",
      podIdentity: {},
    }),
    scene({
      at: "gateway/gateway",
      about: "The agent is called by a name instead of its address",
      rule: "agent-wrong-address",
      sdk: "go-v2",
      calls: ["dynamodb:GetItem table/Gateway"],
      asksAgent: "by-name",
      podIdentity: {},
    }),
    scene({
      at: "proxied/proxied",
      about: "HTTP_PROXY is set, and NO_PROXY does not name the agent's address",
      rule: "proxy-no-no_proxy",
      sdk: "go-v2",
      calls: ["dynamodb:PutItem table/Proxied"],
      podIdentity: {},
      manifest: { env: { HTTP_PROXY: "http://proxy.corp.example:3128", NO_PROXY: "localhost,10.0.0.0/8" } },
    }),
    scene({
      at: "walled/walled",
      about: "A network policy allows egress to DNS and HTTPS, and not to the agent",
      rule: "networkpolicy-blocks-agent",
      calls: ["dynamodb:PutItem table/Walled"],
      podIdentity: {},
      twist: ({ at, namespace }) =>
        at(26, (cluster) =>
          cluster.create(
            networkPolicy(namespace, "egress", [
              { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ protocol: "TCP", port: 443 }] },
              { ports: [{ protocol: "UDP", port: 53 }] },
            ]),
          ),
        ),
    }),
    scene({
      at: "ledgers/ledgers",
      about: "The pods have security groups of their own, which are enforced strictly",
      rule: "security-group-for-pods",
      calls: ["dynamodb:PutItem table/Ledgers"],
      podIdentity: {},
      manifest: { podAnnotations: { "vpc.amazonaws.com/pod-eni": "[]" } },
    }),
    scene({
      at: "sixes/sixes",
      cluster: "eks-ipv6",
      about: "An old SDK in a cluster of IPv6, where the agent has another address",
      rule: "ipv6-cluster-address",
      sdk: "go-v2",
      calls: ["dynamodb:PutItem table/Sixes"],
      release: "before-pod-identity",
      podIdentity: {},
    }),
    scene({
      at: "serverless/serverless",
      about: "Runs on Fargate, where there is no agent",
      rule: "pod-identity-unsupported-compute",
      calls: ["dynamodb:PutItem table/Serverless"],
      podIdentity: {},
      on: "fargate",
    }),
    scene({
      at: "antique/antique",
      about: "The SDK is older than EKS Pod Identity, and refuses the agent's address",
      rule: "sdk-too-old-for-pod-identity",
      calls: ["dynamodb:PutItem table/Antique"],
      release: "before-pod-identity",
      podIdentity: {},
    }),
  ],
};

const busyNode = "ip-10-80-19-20.us-west-2.compute.internal";
