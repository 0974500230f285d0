import { serviceAccount } from "../manifests.ts";
import { podIdentityTrust } from "../policies.ts";
import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** Workloads without a fault that look as if they had one. */
export const healthy: Theme = {
  title: "Nothing is wrong, whatever it looks like",
  stories: [
    scene({
      at: "annotated/annotated",
      about: "An annotation of before, beside an association that works",
      rule: null,
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Annotated"],
      podIdentity: {},
      irsa: {},
    }),
    scene({
      at: "quiet/quiet",
      about: "Makes no AWS calls, so it needs no identity",
      rule: null,
      sdk: "none",
    }),
    scene({
      at: "automatic/automatic",
      about: "On an Auto Mode node, which has the agent without a pod of its DaemonSet",
      rule: null,
      sdk: "go-v2",
      calls: ["sqs:SendMessage automatic"],
      podIdentity: {},
      on: "auto",
    }),
    scene({
      at: "tokenless/tokenless",
      about: "automountServiceAccountToken is false: that is another token than AWS's",
      rule: null,
      calls: ["s3:GetObject eks-gallery-tokenless/a.csv"],
      irsa: {},
      pod: (spec) => ({ ...spec, automountServiceAccountToken: false }),
    }),
    scene({
      at: "operator/operator",
      about: "Kubernetes RBAC refuses it Secrets; its AWS calls work",
      rule: null,
      alsoWrong: ["not-iam"],
      sdk: "go-v2",
      calls: ["sqs:SendMessage operator"],
      podIdentity: {},
      alsoLogs: ({ at }) => [
        `E${at.toISOString().slice(5, 7)}${at.toISOString().slice(8, 10)} ${at.toISOString().slice(11, 19)} 1 reflector.go:147] failed to list *v1.Secret: secrets is forbidden: User "system:serviceaccount:operator:operator" cannot list resource "secrets" in API group "" at the cluster scope`,
      ],
    }),
    scene({
      at: "catalogs/catalogs",
      about: "MongoDB refuses a command; that is MongoDB's own authorization",
      rule: null,
      alsoWrong: ["not-iam"],
      sdk: "js-v3",
      calls: ["sqs:SendMessage catalogs"],
      podIdentity: {},
      alsoLogs: () => [
        'MongoServerError: not authorized on catalogs to execute command { find: "items", filter: {} }',
      ],
    }),
    scene({
      at: "streams/streams",
      about: "Kafka's own lists refuse a topic; the program makes no AWS calls",
      rule: null,
      alsoWrong: ["not-iam"],
      sdk: "none",
      alsoLogs: ({ at }) => [
        `${at.toISOString()} ERROR org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]`,
      ],
    }),
    scene({
      at: "secrets/secrets",
      about: "Vault refuses a path; the AWS calls work",
      rule: null,
      alsoWrong: ["not-iam"],
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Secrets"],
      irsa: {},
      alsoLogs: ({ at }) => [
        `${at.toISOString()} WARN  vault: Error making API request. URL: GET https://vault.example:8200/v1/secret/data/app Code: 403. Errors: * permission denied`,
      ],
    }),
    scene({
      at: "chatty/chatty",
      about: "A log full of words like denied, expired and unauthorized, of its own users",
      rule: null,
      sdk: "js-v3",
      calls: ["dynamodb:GetItem table/Chatty"],
      podIdentity: {},
      alsoLogs: ({ at, random }) => [
        `${at.toISOString()} WARN login failed for user ${random.int(900)}: 401 Unauthorized`,
        `${at.toISOString()} WARN access denied: user ${random.int(900)} may not open /admin`,
        `${at.toISOString()} INFO session token of user ${random.int(900)} expired`,
        `${at.toISOString()} INFO retrying request after timeout (attempt 2 of 3)`,
      ],
    }),
    scene({
      at: "rotated/rotated",
      about: "The role was denied once; its policy was corrected yesterday",
      rule: null,
      calls: ["dynamodb:PutItem table/Rotated"],
      podIdentity: { allows: [] },
      twist: ({ account, at, roleArn }) =>
        at(20, () =>
          account.putInlinePolicy(roleArn, "calls", {
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: "dynamodb:PutItem", Resource: "*" }],
          }),
        ),
    }),
    scene({
      at: "neighbours/neighbours",
      about: "Makes no AWS calls; another service account of its namespace has an association",
      rule: null,
      sdk: "none",
      twist: ({ account, at, namespace }) =>
        at(25, (cluster) => {
          cluster.create(serviceAccount(namespace, "neighbour"));
          account.addAssociation({
            cluster: cluster.name,
            namespace,
            serviceAccount: "neighbour",
            roleArn: account.addRole({ name: "eks-gallery-neighbour", trustPolicy: podIdentityTrust }),
          });
        }),
    }),
    scene({
      at: "host/host",
      about: "On the host's network with IRSA: it is itself there, not its node",
      rule: null,
      kind: "DaemonSet",
      sdk: "go-v2",
      calls: ["sqs:SendMessage host"],
      irsa: {},
      manifest: { hostNetwork: true },
    }),
  ],
};
