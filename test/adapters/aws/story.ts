import { encodeDenial } from "../../../sandbox/account/calls.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createDecodeCollector } from "../../../src/adapters/aws/collectors/decode.ts";
import { createEksCollectors } from "../../../src/adapters/aws/collectors/eks.ts";
import { createIamCollectors } from "../../../src/adapters/aws/collectors/iam.ts";
import { createRateLimiter } from "../../../src/adapters/aws/rate-limiter.ts";
import { createTrailCollector } from "../../../src/adapters/aws/trail/collector.ts";
import type { CollectContext } from "../../../src/app/ports.ts";
import type { Evidence, LogErrorGroup, Observation, Question } from "../../../src/core/evidence.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { sleep } from "../../../src/main/sleep.ts";
import { accountId, region, serve, statement, trustService } from "../../sandbox/account/served.ts";

export const cluster = "eks-workshop";
export const issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
export const roleArn = `arn:aws:iam::${accountId}:role/apps/carts`;
export const nodeRoleArn = `arn:aws:iam::${accountId}:role/nodes`;
export const clock = () => "2026-01-31T12:00:00.000Z";

const before = { ...process.env };

/** Lets the SDKs find the server and the keys as they do everywhere: in the environment. */
export function useEnvironment(settings: Readonly<Record<string, string>>): void {
  forgetEnvironment();
  Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", AWS_REGION: region, ...settings });
}

export function forgetEnvironment(): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
}

export type AwsCollectors = ReturnType<typeof collectorsOf>;

export function collectorsOf() {
  const clients = createAwsClients(region);
  return {
    ...createEksCollectors(clients, clock),
    ...createIamCollectors(clients, clock, 0),
    "sts.decoded-messages": createDecodeCollector(clients, clock),
    ...createTrailCollector(clients, createRateLimiter(0, sleep), clock),
  };
}

/** An account with a cluster in which carts has its association, and reports is annotated. */
export async function serveStory() {
  const served = await serve({ lookupsPerSecond: 1_000 });
  const { account } = served;
  account.addCluster({ name: cluster, oidcIssuer: issuer });
  account.addRole({ name: "nodes", trustPolicy: trustService("ec2.amazonaws.com") });
  account.addManagedPolicy("limit", statement("Allow", "dynamodb:*"));
  account.addRole({
    name: "target",
    trustPolicy: trustService("ec2.amazonaws.com"),
    inline: { read: statement("Allow", "s3:GetObject") },
  });
  account.addNodegroup({ cluster, name: "default", nodeRoleArn });
  account.addAddon({ cluster, name: "eks-pod-identity-agent", version: "v1.3.9-eksbuild.1" });
  account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
  account.addManagedPolicy("carts-table", statement("Allow", "dynamodb:Query"));
  account.addRole({
    name: "carts",
    path: "/apps/",
    trustPolicy: trustService("pods.eks.amazonaws.com"),
    attached: [`arn:aws:iam::${accountId}:policy/carts-table`],
    inline: { extra: statement("Allow", "dynamodb:Scan") },
    permissionsBoundaryArn: `arn:aws:iam::${accountId}:policy/limit`,
    tags: { team: "shop" },
  });
  account.addRole({
    name: "carts-irsa",
    trustPolicy: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: account.oidcProviders()[0]?.arn ?? "" },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: { [`${issuer.replace("https://", "")}:sub`]: "system:serviceaccount:carts:carts" },
          },
        },
      ],
    },
  });
  account.addPolicyVersion(
    `arn:aws:iam::${accountId}:policy/carts-table`,
    statement("Allow", ["dynamodb:Query", "dynamodb:GetItem"]),
    { asDefault: false },
  );
  account.addCluster({ name: "eks-other" });
  account.addAssociation({ cluster: "eks-other", namespace: "carts", serviceAccount: "carts", roleArn });
  account.addAssociation({ cluster, namespace: "cart", serviceAccount: "carts", roleArn });
  const association = account.addAssociation({
    cluster,
    namespace: "carts",
    serviceAccount: "carts",
    roleArn,
    targetRoleArn: `arn:aws:iam::${accountId}:role/target`,
  });
  const useServer = () =>
    useEnvironment({
      AWS_ENDPOINT_URL: served.url,
      AWS_ACCESS_KEY_ID: served.caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: served.caller.secretAccessKey,
    });
  useServer();
  return { ...served, association, useServer };
}

export type Story = Awaited<ReturnType<typeof serveStory>>;

export const question: Question = {
  cluster,
  namespace: "carts",
  name: "carts",
  kind: "Deployment",
  container: null,
  sinceSeconds: 3_600,
};

export function seen<T>(value: T, source = "k8s:test"): Observation<T> {
  return { status: "found", value, source, at: clock() };
}

/** What EC2 refused, as a log has it. */
export const encodedRefusal: LogErrorGroup = {
  kind: "encoded-denial",
  principalArn: null,
  principalKind: "unknown",
  action: null,
  missingAction: null,
  resource: null,
  denyLayer: null,
  policyArn: null,
  sdk: null,
  requestId: null,
  count: 1,
  firstSeen: null,
  lastSeen: null,
  pods: ["carts-0"],
  containers: ["main"],
  excerpt: "",
  encodedMessage: encodeDenial({
    allowed: false,
    explicitDeny: false,
    matchedStatements: { items: [] },
    context: {
      principal: { id: "AROA", arn: "arn:aws:sts::111122223333:assumed-role/carts/s" },
      action: "ec2:RunInstances",
      resource: "*",
    },
  }),
};

/** What Kubernetes told before AWS is asked. */
export function kubernetesEvidence({
  serviceAccount = "carts",
  annotations = {},
}: {
  readonly serviceAccount?: string;
  readonly annotations?: Readonly<Record<string, string>>;
} = {}): Evidence {
  const template = {
    serviceAccountName: serviceAccount,
    hostNetwork: false,
    runAsUser: null,
    fsGroup: null,
    nodeSelectorOs: null,
    labels: {},
    annotations: {},
    containers: [
      { name: "main", init: false, image: "carts", env: [], envFrom: [], mountPaths: [], runAsUser: null },
    ],
  };
  return {
    "k8s.workload": seen({
      kind: "Deployment",
      namespace: "carts",
      name: "carts",
      uid: "0",
      createdAt: clock(),
      replicas: 1,
      template,
      managedBy: "none",
      restartMark: null,
    }),
    "k8s.pods": seen({
      total: 1,
      pods: [
        {
          ...template,
          name: "carts-0",
          uid: "1",
          createdAt: clock(),
          startedAt: null,
          phase: "Running",
          ready: true,
          nodeName: "node-1",
          podIp: null,
          hostIp: null,
          mirror: false,
          ephemeralContainers: [],
          revision: null,
          tokenVolumes: [],
          statuses: [],
        },
      ],
    }),
    "logs.errors": seen({
      sinceSeconds: 3_600,
      read: [],
      unread: [],
      signs: [],
      errors: [encodedRefusal],
    }),
    "k8s.service-account": seen(
      {
        namespace: "carts",
        name: serviceAccount,
        createdAt: clock(),
        annotations,
        roleAnnotationChangedAt: null,
        managedBy: "none",
      },
      "k8s:serviceaccounts/carts/carts",
    ),
    "k8s.nodes": seen([
      {
        name: "node-1",
        instanceId: "i-0123456789abcdef0",
        nodegroup: "default",
        compute: "ec2",
        os: "linux",
        kubeletVersion: null,
        createdAt: clock(),
      },
    ]),
  };
}

/** Gathers every kind of this adapter, in the order in which they wait for each other. */
export async function gatherAll(
  collectors: AwsCollectors,
  known: Evidence = kubernetesEvidence(),
  asked: Question = question,
): Promise<Evidence> {
  let evidence = known;
  for (const kind of [
    "eks.cluster",
    "eks.associations",
    "eks.association",
    "eks.agent-addon",
    "eks.node-role",
    "iam.oidc-providers",
    "iam.role",
    "iam.role-policies",
    "iam.candidate-roles",
    "iam.irsa-candidates",
    "iam.role-boundary",
    "iam.policy-versions",
    "iam.target-role",
    "iam.target-role-policies",
    "iam.node-role-policies",
    "eks.associations-elsewhere",
    "sts.decoded-messages",
    "cloudtrail.events",
  ] as const) {
    evidence = { ...evidence, [kind]: await collectors[kind].collect(contextOf(evidence, { asked })) };
  }
  return evidence;
}

export function contextOf(
  evidence: Evidence,
  {
    asked = question,
    signal = AbortSignal.timeout(15_000),
  }: { readonly asked?: Question; readonly signal?: AbortSignal } = {},
): CollectContext {
  return { question: asked, evidence, signal };
}

/** The value of an observation that must have been found. */
export function foundValue<T>(observation: Observation<T> | undefined): T {
  if (observation?.status !== "found") throw new Error(`not found: ${JSON.stringify(observation)}`);
  return observation.value;
}

export function deny(...actions: readonly string[]): { readonly name: string; readonly document: JsonValue } {
  return { name: "withheld", document: statement("Deny", actions) };
}
