import {
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import { z } from "zod";
import type { CollectContext, Collectors } from "../../../app/ports.ts";
import type { AssociationFacts, EvidenceKind } from "../../../core/evidence.ts";
import { parseArn } from "../../../core/iam/arn.ts";
import type { JsonValue } from "../../../core/json.ts";
import { redact } from "../../../core/redact.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call, observing } from "../outcome.ts";
import { listAssociations } from "../reading/association-list.ts";
import { createElsewhereCollector } from "./elsewhere.ts";
import { seen } from "./prerequisite.ts";

const date = z.date().transform((value) => value.toISOString());
const clusterSchema = z.object({
  cluster: z.object({
    name: z.string(),
    arn: z.string(),
    version: z.string().default(""),
    platformVersion: z.string().default(""),
    createdAt: date,
    identity: z.object({ oidc: z.object({ issuer: z.string() }).optional() }).optional(),
    resourcesVpcConfig: z.object({ vpcId: z.string().optional() }).optional(),
    computeConfig: z
      .object({ enabled: z.boolean().optional(), nodeRoleArn: z.string().optional() })
      .optional(),
  }),
});
const associationSchema = z.object({
  association: z.object({
    associationId: z.string(),
    associationArn: z.string(),
    clusterName: z.string(),
    namespace: z.string(),
    serviceAccount: z.string(),
    roleArn: z.string(),
    targetRoleArn: z.string().nullish(),
    externalId: z.string().nullish(),
    disableSessionTags: z.boolean().nullish(),
    policy: z.string().nullish(),
    ownerArn: z.string().nullish(),
    createdAt: date,
    modifiedAt: date,
  }),
});
const nodegroupSchema = z.object({
  nodegroup: z.object({ nodeRole: z.string(), nodegroupName: z.string() }),
});
const addonSchema = z.object({
  addon: z.object({
    addonName: z.string(),
    addonVersion: z.string().default(""),
    status: z.string().default(""),
    health: z
      .object({
        issues: z
          .array(z.object({ code: z.string().default(""), message: z.string().default("") }))
          .default([]),
      })
      .optional(),
  }),
});

type EksKinds = Extract<EvidenceKind, `eks.${string}`>;

/**
 * Collectors that ask EKS. Permissions: eks:DescribeCluster, eks:ListClusters, eks:ListPodIdentityAssociations,
 * eks:DescribePodIdentityAssociation, eks:DescribeAddon, eks:DescribeNodegroup.
 */
export function createEksCollectors(clients: AwsClients, clock: () => string): Pick<Collectors, EksKinds> {
  const { eks } = clients;
  const found = <T>(value: T, source: string) => ({ status: "found", value, source, at: clock() }) as const;
  const absent = (source: string) => ({ status: "absent", source, at: clock() }) as const;

  async function describeCluster({ question, signal }: CollectContext) {
    const command = new DescribeClusterCommand({ name: question.cluster });
    const answer = await call(
      "eks:DescribeCluster",
      () => eks.send(command, { abortSignal: signal }),
      clusterSchema,
      signal,
    );
    return answer?.cluster ?? null;
  }

  return {
    "eks.cluster": {
      kind: "eks.cluster",
      group: "workload",
      after: [],
      collect: (context) =>
        observing(async () => {
          const cluster = await describeCluster(context);
          if (cluster === null) return absent("eks:DescribeCluster");
          const arn = parseArn(cluster.arn);
          return found(
            {
              name: cluster.name,
              arn: cluster.arn,
              region: arn?.region ?? "",
              accountId: arn?.accountId ?? "",
              version: cluster.version,
              platformVersion: cluster.platformVersion,
              oidcIssuer: cluster.identity?.oidc?.issuer ?? null,
              createdAt: cluster.createdAt,
              autoMode: cluster.computeConfig?.enabled === true,
              vpcId: cluster.resourcesVpcConfig?.vpcId ?? null,
            },
            "eks:DescribeCluster",
          );
        }),
    },
    "eks.associations-elsewhere": createElsewhereCollector(clients, clock),
    "eks.associations": {
      kind: "eks.associations",
      group: "config",
      after: [],
      collect: (context) =>
        observing(async () =>
          found(
            await listAssociations(clients, context.question, context.signal),
            "eks:ListPodIdentityAssociations",
          ),
        ),
    },
    "eks.association": {
      kind: "eks.association",
      group: "workload",
      after: ["k8s.workload"],
      collect: (context) =>
        observing(async () => {
          const workload = seen(context, "k8s.workload");
          if (workload.status === "absent") return absent(workload.source);
          const { serviceAccountName } = workload.value.template;
          const listed = await listAssociations(clients, context.question, context.signal);
          const match = listed.find((association) => association.serviceAccount === serviceAccountName);
          if (match === undefined) return absent("eks:ListPodIdentityAssociations");
          const command = new DescribePodIdentityAssociationCommand({
            clusterName: context.question.cluster,
            associationId: match.associationId,
          });
          const send = () => eks.send(command, { abortSignal: context.signal });
          const answer = await call(
            "eks:DescribePodIdentityAssociation",
            send,
            associationSchema,
            context.signal,
          );
          if (answer === null) return absent("eks:DescribePodIdentityAssociation");
          return found(associationFacts(answer.association), "eks:DescribePodIdentityAssociation");
        }),
    },
    "eks.agent-addon": {
      kind: "eks.agent-addon",
      group: "config",
      after: [],
      collect: ({ question, signal }) =>
        observing(async () => {
          const command = new DescribeAddonCommand({
            clusterName: question.cluster,
            addonName: "eks-pod-identity-agent",
          });
          const send = () => eks.send(command, { abortSignal: signal });
          const answer = await call("eks:DescribeAddon", send, addonSchema, signal);
          if (answer === null) return absent("eks:DescribeAddon");
          const { addonName, addonVersion, status, health } = answer.addon;
          const issues = (health?.issues ?? []).map(({ code, message }) => ({
            code,
            message: redact(message),
          }));
          return found({ name: addonName, version: addonVersion, status, issues }, "eks:DescribeAddon");
        }),
    },
    "eks.node-role": {
      kind: "eks.node-role",
      group: "config",
      after: ["k8s.nodes"],
      collect: (context) =>
        observing(async () => {
          const nodes = seen(context, "k8s.nodes");
          if (nodes.status === "absent") return absent(nodes.source);
          const nodegroup = nodes.value.find((node) => node.nodegroup !== null)?.nodegroup;
          if (nodegroup) {
            const command = new DescribeNodegroupCommand({
              clusterName: context.question.cluster,
              nodegroupName: nodegroup,
            });
            const send = () => eks.send(command, { abortSignal: context.signal });
            const answer = await call("eks:DescribeNodegroup", send, nodegroupSchema, context.signal);
            if (answer === null) return absent("eks:DescribeNodegroup");
            return found(
              { roleArn: answer.nodegroup.nodeRole, from: `node group ${nodegroup}` },
              "eks:DescribeNodegroup",
            );
          }
          if (nodes.value.some((node) => node.compute === "auto")) {
            const cluster = await describeCluster(context);
            const roleArn = cluster?.computeConfig?.nodeRoleArn;
            if (roleArn !== undefined)
              return found({ roleArn, from: "EKS Auto Mode" }, "eks:DescribeCluster");
          }
          return {
            status: "unavailable",
            reason: "not-collected",
            source: "eks:DescribeNodegroup",
            detail: "the nodes belong to no managed node group, whose role EKS could tell",
          };
        }),
    },
  };
}

function associationFacts(association: z.output<typeof associationSchema>["association"]): AssociationFacts {
  return {
    associationId: association.associationId,
    associationArn: association.associationArn,
    cluster: association.clusterName,
    namespace: association.namespace,
    serviceAccount: association.serviceAccount,
    roleArn: association.roleArn,
    targetRoleArn: association.targetRoleArn ?? null,
    externalId: association.externalId ?? null,
    disableSessionTags: association.disableSessionTags ?? false,
    sessionPolicy: sessionPolicy(association.policy),
    ownerArn: association.ownerArn ?? null,
    createdAt: association.createdAt,
    modifiedAt: association.modifiedAt,
  };
}

function sessionPolicy(text: string | null | undefined): JsonValue | null {
  if (text === null || text === undefined || text === "") return null;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new CallFailure({
      status: "unavailable",
      reason: "error",
      source: "eks:DescribePodIdentityAssociation",
      detail: "the association's session policy is not JSON",
    });
  }
}
