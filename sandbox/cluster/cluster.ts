import type { Account } from "../account/account.ts";
import { createFaults, type Faults } from "../account/faults.ts";
import { createPod } from "./admission.ts";
import type { Application } from "./applications/application.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import { reconcileDaemonSets } from "./controllers/daemon-sets.ts";
import { reconcileDeployments } from "./controllers/deployments.ts";
import { collectGarbage } from "./controllers/garbage.ts";
import { reconcileReplicaSets } from "./controllers/replica-sets.ts";
import { reconcileStatefulSets } from "./controllers/stateful-sets.ts";
import { createEventRecorder } from "./events.ts";
import { createKubelet, type Kubelet } from "./kubelet.ts";
import type { KubeObject, NewObject, Pod } from "./objects.ts";
import { createRandom } from "./random.ts";
import { everything, type Grant } from "./rbac.ts";
import { createStore, type Store } from "./store.ts";

export interface ClusterOptions {
  readonly name: string;
  readonly account: Account;
  readonly now: () => Date;
  /** The CA of the pod identity webhook's certificate, base64 of PEM. */
  readonly webhookCaBundle: string;
  /** Whether the cluster's addresses are of IPv6; not by default. */
  readonly ipv6?: boolean;
  /** False: the platform is older than EKS Pod Identity. */
  readonly podIdentity?: boolean;
  /** Milliseconds between two steps of the controllers; about four steps replace a pod. */
  readonly paceMs: number;
  /** Milliseconds between two rounds of the programs; 0: they work only when ticked. */
  readonly tickMs: number;
  /** Under which token the owner of an IAM token is known, as an access entry says; null: nobody's. */
  readonly authenticate: (iamToken: string) => string | null;
}

interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** One simulated cluster: its objects, its controllers and the programs in its pods. Served by `startApiServer`. */
export interface Cluster {
  readonly name: string;
  readonly store: Store;
  readonly kubelet: Kubelet;
  /** Of the API server, and of the pod identity webhook: `webhook:mutate`. */
  readonly faults: Faults;
  readonly now: () => Date;
  addNode(
    node: NodeFacts,
    object: { readonly labels: Record<string, string>; readonly taints?: readonly object[] },
  ): void;
  registerImage(image: string, application: Application): void;
  /** What the webhook of this configuration does to pods that are created, after the pod identity webhook. */
  addLaterWebhook(configuration: string, mutate: (pod: Pod) => Pod): void;
  /** Creates an object as `manager`, through admission where it is a pod. */
  create(object: NewObject, manager?: string): KubeObject;
  addUser(token: string, user: User, grants: readonly Grant[]): void;
  /** Replaces what the token's user may do. Throws for a token that no user has. */
  applyRbac(token: string, grants: readonly Grant[]): void;
  userOf(token: string): { readonly user: User; readonly grants: readonly Grant[] } | undefined;
  /** What the token's user may do; everything for the group `system:masters`. */
  grantsOf(token: string): readonly Grant[];
  /** Steps until nothing moves any more; for stories, whose past needs no pace. Nothing where nothing was written. */
  settle(): void;
  /** From now on controllers and programs work by themselves. */
  run(): void;
  stop(): void;
}

export function createCluster(options: ClusterOptions): Cluster {
  const { name, account, now } = options;
  const random = createRandom(name);
  const store = createStore({ now, random });
  const events = createEventRecorder({ store, now, random });
  const faults = createFaults();
  const context: ClusterContext = {
    name,
    account,
    store,
    now,
    random,
    nodes: new Map(),
    images: new Map(),
    webhookCaBundle: options.webhookCaBundle,
    laterWebhooks: [],
    ipv6: options.ipv6 ?? false,
    podIdentity: options.podIdentity ?? true,
    faults,
    recordEvent: events.record,
  };
  const kubelet = createKubelet(context);
  const keyOf = (token: string) =>
    token.startsWith("k8s-aws-v1.") ? (options.authenticate(token) ?? "") : token;
  const users = new Map<string, { user: User; grants: readonly Grant[] }>();
  let live = false;
  let moved = false;
  let pending: NodeJS.Timeout | null = null;
  let ticker: NodeJS.Timeout | null = null;

  function step(): void {
    kubelet.step();
    reconcileDeployments(context);
    reconcileReplicaSets(context);
    reconcileStatefulSets(context);
    reconcileDaemonSets(context);
    collectGarbage(context);
  }

  function stepLater(): void {
    if (!live || pending !== null) return;
    pending = setTimeout(() => {
      pending = null;
      // What the step itself writes asks for the next one, until nothing moves.
      step();
    }, options.paceMs);
  }

  store.onWrite((type) => {
    // An event is a word about what happened: nothing follows from it.
    if (type.key === "events") return;
    moved = true;
    stepLater();
  });

  return {
    name,
    store,
    kubelet,
    faults,
    now,
    addNode(node, { labels, taints }) {
      context.nodes.set(node.name, node);
      account.addInstance({
        instanceId: node.instanceId,
        instanceProfileArn:
          node.quirks?.withoutInstanceProfile === true ? null : instanceProfileOf(node.nodeRoleArn),
        httpPutResponseHopLimit: node.imdsHopLimit,
      });
      store.create(
        {
          apiVersion: "v1",
          kind: "Node",
          metadata: { name: node.name, labels: { "kubernetes.io/hostname": node.name, ...labels } },
          spec: {
            providerID: `aws:///${labels["topology.kubernetes.io/zone"] ?? ""}/${node.instanceId}`,
            ...(taints === undefined ? {} : { taints }),
          },
          status: {
            addresses: [
              { type: "InternalIP", address: node.ip },
              { type: "InternalDNS", address: node.name },
              { type: "Hostname", address: node.name },
            ],
            conditions: [
              {
                type: "Ready",
                status: "True",
                reason: "KubeletReady",
                message: "kubelet is posting ready status",
              },
            ],
            nodeInfo: {
              operatingSystem: "linux",
              architecture: "amd64",
              kubeletVersion: "v1.30.4-eks-a737599",
            },
          },
        },
        { manager: "kubelet" },
      );
    },
    addLaterWebhook(configuration, mutate) {
      context.laterWebhooks.push({ configuration, mutate });
    },
    registerImage(image, application) {
      context.images.set(image, application);
      moved = true;
      stepLater();
    },
    create(object, manager = "kubectl-create") {
      if (object.kind === "Namespace") {
        const namespace = store.create(withNamespaceLabel(object), { manager });
        store.create(
          {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { name: "default", namespace: namespace.metadata.name },
          },
          { manager: "kube-controller-manager" },
        );
        return namespace;
      }
      return object.kind === "Pod"
        ? createPod(context, object, { manager })
        : store.create(object, { manager });
    },
    addUser(token, user, grants) {
      users.set(token, { user, grants });
    },
    applyRbac(token, grants) {
      const entry = users.get(token);
      if (entry === undefined) throw new Error(`Cluster ${name} knows no user with this token.`);
      users.set(token, { ...entry, grants });
    },
    userOf: (token) => users.get(keyOf(token)),
    grantsOf(token) {
      const entry = users.get(keyOf(token));
      if (entry?.user.groups.includes("system:masters") === true) return everything;
      return entry?.grants ?? [];
    },
    settle() {
      for (let round = 0; round < 500; round++) {
        if (!moved) return;
        moved = false;
        step();
      }
      throw new Error(`Cluster ${name} does not come to rest.`);
    },
    run() {
      live = true;
      stepLater();
      if (options.tickMs > 0) {
        ticker = setInterval(() => {
          kubelet.tick();
          events.expire();
        }, options.tickMs);
      }
    },
    stop() {
      live = false;
      if (pending !== null) clearTimeout(pending);
      if (ticker !== null) clearInterval(ticker);
      pending = null;
      ticker = null;
    },
  };
}

function withNamespaceLabel(namespace: NewObject): NewObject {
  return {
    ...namespace,
    metadata: {
      ...namespace.metadata,
      labels: { "kubernetes.io/metadata.name": namespace.metadata.name ?? "", ...namespace.metadata.labels },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

/** Node groups name the profile otherwise than the role; what matters is that there is one. */
function instanceProfileOf(nodeRoleArn: string): string {
  return nodeRoleArn.replace(":role/", ":instance-profile/");
}
