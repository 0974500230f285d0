import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type V1Pod,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { loadBalancerCa } from "../../sandbox/stories/certificates.ts";
import { stories } from "../../sandbox/stories/index.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
});
afterAll(() => sandbox.close());

function config(cluster: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(sandbox.kubeconfig("investigator"));
  kubeconfig.setCurrentContext(cluster);
  return kubeconfig;
}

async function podsOf(cluster: string, name: string): Promise<V1Pod[]> {
  const pods = await config(cluster)
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace: name, labelSelector: `app.kubernetes.io/name=${name}` });
  return pods.items;
}

async function logsOf(cluster: string, name: string): Promise<string> {
  const core = config(cluster).makeApiClient(CoreV1Api);
  const logs = (await podsOf(cluster, name)).map((pod) =>
    core.readNamespacedPodLog({ namespace: name, name: pod.metadata?.name ?? "", container: name }),
  );
  return (await Promise.all(logs)).join("");
}

function envNames(pod: V1Pod | undefined): string[] {
  return pod?.spec?.containers[0]?.env?.map((variable) => variable.name) ?? [];
}

const denials = /not authorized|AccessDenied|Unable to load|NoCredentials|Not authorized/;

test("every story's workload runs, and its past is hours old", async () => {
  for (const story of stories) {
    const pods = await podsOf(story.cluster, story.name);
    expect(pods.length, story.name).toBeGreaterThan(0);
    for (const pod of pods) {
      expect(pod.status?.phase).toBe("Running");
      expect(Date.now() - (pod.metadata?.creationTimestamp?.getTime() ?? 0)).toBeGreaterThan(3_600_000);
    }
  }
});

test.each(stories.filter((story) => story.expect.ruleId === null))(
  "$name is healthy, and its log says so",
  async (story) => {
    expect(await logsOf(story.cluster, story.name)).not.toMatch(denials);
  },
);

describe("what the logs of the broken ones say", () => {
  test("carts: Java v1 is denied as the node", async () => {
    const lines = (await logsOf("eks-workshop", "carts")).split("\n");
    const at = lines.findIndex((line) => line.includes("ERROR"));

    expect(lines[at]).toMatch(
      /threw exception \[Request processing failed: com\.amazonaws\.services\.dynamodbv2\.model\.AmazonDynamoDBException: User: arn:aws:sts::111122223333:assumed-role\/eksctl-eks-workshop-nodegroup-defa-NodeInstanceRole-\w+\/i-[0-9a-f]{17} is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:us-west-2:111122223333:table\/Items\/index\/idx_global_customerId because no identity-based policy allows the dynamodb:Query action \(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException; Request ID: [0-9A-Z]{52}; Proxy: null\)\] with root cause$/,
    );
    expect(lines[at + 2]).toMatch(
      /^com\.amazonaws\.services\.dynamodbv2\.model\.AmazonDynamoDBException: User: /,
    );
    expect(lines[at + 3]).toMatch(/^\tat com\.amazonaws\.http\.AmazonHttpClient/);
    expect(lines.some((line) => line.includes(":: Spring Boot ::"))).toBe(true);
  });

  test("orders: Java v2 finds no credentials in its chain", async () => {
    const log = await logsOf("eks-workshop", "orders");

    expect(log).toContain(
      "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(",
    );
    expect(log).toContain("InstanceProfileCredentialsProvider(): Failed to load credentials from IMDS.]");
    expect(log).not.toContain("not authorized");
  });

  test("reports: boto3 is refused by the role's trust policy", async () => {
    expect(await logsOf("eks-workshop", "reports")).toContain(
      "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    );
  });

  test("payments: Go is denied as the node, without a word about credentials", async () => {
    const log = await logsOf("eks-legacy", "payments");

    expect(log.split("\n").find((line) => line.includes("ERROR"))).toMatch(
      /operation error SQS: SendMessage, https response error StatusCode: 403, RequestID: \S+, api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role\/eks-legacy-general-node\/i-/,
    );
    expect(log).not.toContain("credentials");
  });
});

describe("the webhook that was edited", () => {
  test("its caBundle is another webhook's, and managedFields say who and when", async () => {
    const webhook = await config("eks-legacy")
      .makeApiClient(AdmissionregistrationV1Api)
      .readMutatingWebhookConfiguration({ name: "pod-identity-webhook" });

    expect(webhook.webhooks?.[0]?.clientConfig.caBundle).toBe(loadBalancerCa);
    const edit = webhook.metadata?.managedFields?.find((entry) => entry.manager === "kubectl-edit");
    expect(JSON.stringify(edit?.fieldsV1)).toContain("f:caBundle");
    const agoMinutes = (Date.now() - (edit?.time?.getTime() ?? 0)) / 60_000;
    expect(Math.round(agoMinutes / 60)).toBe(26);
  });

  test("pods from before are injected, pods from after are not", async () => {
    const [ledger] = await podsOf("eks-legacy", "ledger");
    const [payments] = await podsOf("eks-legacy", "payments");

    expect(envNames(ledger)).toContain("AWS_ROLE_ARN");
    expect(envNames(payments)).not.toContain("AWS_ROLE_ARN");
  });

  test("payments was released after the edit: its older ReplicaSet is kept without pods", async () => {
    const replicaSets = await config("eks-legacy")
      .makeApiClient(AppsV1Api)
      .listNamespacedReplicaSet({ namespace: "payments" });

    const byRevision = replicaSets.items.map((set) => [
      set.metadata?.annotations?.["deployment.kubernetes.io/revision"],
      set.spec?.replicas,
    ]);
    expect(byRevision.sort()).toEqual([
      ["1", 0],
      ["2", 2],
    ]);
  });
});
