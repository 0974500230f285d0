import { agentDaemonSet } from "../cluster/agent.ts";
import type { Application, ProcessFacts } from "../cluster/applications/application.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { namespace, serviceAccount, type WorkloadManifest, workload } from "./manifests.ts";

const registry = "602401143452.dkr.ecr.us-west-2.amazonaws.com";

interface SystemWorkload {
  readonly kind: "DaemonSet" | "Deployment";
  readonly name: string;
  readonly image: string;
  readonly container?: string;
  readonly hostNetwork: boolean;
  readonly startLines: (process: ProcessFacts) => readonly string[];
  readonly cannotStart?: Application["cannotStart"];
}

function json(process: ProcessFacts, msg: string): string {
  return JSON.stringify({ level: "info", ts: process.at.toISOString(), msg });
}

const systemWorkloads: readonly SystemWorkload[] = [
  {
    kind: "DaemonSet",
    name: "aws-node",
    image: `${registry}/amazon-k8s-cni:v1.18.3-eksbuild.1`,
    hostNetwork: true,
    startLines: (process) => [
      json(process, "Starting IPAM daemon..."),
      json(process, "Successfully copied CNI plugin binary and config file."),
    ],
  },
  {
    kind: "DaemonSet",
    name: "kube-proxy",
    image: `${registry}/eks/kube-proxy:v1.30.3-eksbuild.2`,
    hostNetwork: true,
    startLines: () => ['"Using iptables proxy"', '"Version info" version="v1.30.3-eks-1d31f4b"'],
  },
  {
    kind: "Deployment",
    name: "coredns",
    image: `${registry}/eks/coredns:v1.11.1-eksbuild.8`,
    hostNetwork: false,
    startLines: () => [
      ".:53",
      "[INFO] plugin/reload: Running configuration SHA512 = 8a7d59126e7f114ab49c6d2613be93d8",
      "CoreDNS-1.11.1",
    ],
  },
];

const agent: SystemWorkload = {
  kind: "DaemonSet",
  name: agentDaemonSet,
  image: `${registry}/eks/eks-pod-identity-agent:0.1.10`,
  hostNetwork: true,
  startLines: (process) =>
    [
      "Starting server on 169.254.170.23:80",
      "Starting server on [fd00:ec2::23]:80",
      "Starting server on localhost:2703",
    ].map((msg) => agentLine(process, "info", msg)),
  cannotStart({ node, ...process }) {
    const listen = (address: string, reason: string) => [
      agentLine(process, "fatal", `Unable to start server: listen tcp ${address}:80: bind: ${reason}`),
    ];
    if (!node.ipv6) return listen("[fd00:ec2::23]", "cannot assign requested address");
    return node.taken(80) ? listen("169.254.170.23", "address already in use") : null;
  },
};

function agentLine({ at }: Pick<ProcessFacts, "at">, level: string, msg: string): string {
  return JSON.stringify({ level, msg, time: at.toISOString() });
}

type NodeAffinity = NonNullable<WorkloadManifest["nodeAffinity"]>;

/** Auto Mode and Fargate have no use for what runs on every other node. */
const notWithout: NodeAffinity = [
  { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate", "hybrid", "auto"] },
];

/** What runs in `kube-system` of every cluster; the Pod Identity agent only where its add-on is installed. */
export function installSystem(
  cluster: Cluster,
  options: {
    readonly agent: boolean;
    /** What the add-on's configuration asks of the agent's nodes. */
    readonly agentAffinity?: NodeAffinity;
    /** Environment of `aws-node`. */
    readonly cni?: Readonly<Record<string, string>>;
  },
): void {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"])
    cluster.create(namespace(name));
  for (const part of options.agent ? [...systemWorkloads, agent] : systemWorkloads) {
    const application: Application = {
      name: part.name,
      sdk: "none",
      calls: [],
      startLines: part.startLines,
      ...(part.cannotStart === undefined ? {} : { cannotStart: part.cannotStart }),
    };
    cluster.registerImage(part.image, application);
    cluster.create(serviceAccount("kube-system", part.name), "eks");
    cluster.create(
      workload({
        kind: part.kind,
        namespace: "kube-system",
        name: part.name,
        image: part.image,
        replicas: 2,
        serviceAccount: part.name,
        hostNetwork: part.hostNetwork,
        ...(part.kind === "DaemonSet" ? { tolerations: [{ operator: "Exists" }] } : {}),
        nodeAffinity: [...notWithout, ...(part === agent ? (options.agentAffinity ?? []) : [])],
        ...(part.name === "aws-node" && options.cni !== undefined ? { env: options.cni } : {}),
        labels: part.kind === "DaemonSet" ? { "k8s-app": part.name } : { "k8s-app": "kube-dns" },
      }),
      "eks",
    );
  }
}
