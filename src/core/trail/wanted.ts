import type { Evidence, Question } from "../evidence.ts";
import { parseArn, roleOfArn, sameRole } from "../iam/arn.ts";
import { injectedInto, known, roleAnnotation } from "../identity.ts";

/** Whose calls around a workload are looked for, by what it is configured to do and what its pods carry. */
export interface WantedCalls {
  /** The role of the annotation; null: there is none. May be no ARN at all. */
  readonly annotatedRole: string | null;
  /** Roles that pods carry and the configuration no longer names. */
  readonly carriedRoles: readonly string[];
  /** The association's role, and the one that it goes on to assume. */
  readonly associatedRoles: readonly string[];
  readonly targetRole: string | null;
  /** The cluster whose agent asks for credentials; null: nothing is associated. */
  readonly cluster: string | null;
  /** `system:serviceaccount:<namespace>:<name>`; null: no web identity is configured. */
  readonly subject: string | null;
  /** The nodes as which pods call that have no identity of their own. */
  readonly instanceIds: readonly string[];
}

const maxRoles = 2;

/** The pods' nodes and roles in the order in which the pods are told; bounded. */
export function wantedCalls(evidence: Evidence, question: Question): WantedCalls {
  const serviceAccount = known(evidence["k8s.service-account"]);
  const association = known(evidence["eks.association"]);
  const annotated = serviceAccount?.annotations[roleAnnotation]?.trim() ?? "";
  const annotatedRole = annotated === "" ? null : annotated;
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  const injected = pods.flatMap((pod) => pod.containers.filter(({ init }) => !init).map(injectedInto));
  const carried = injected.flatMap(({ roleArn }) => (roleArn === null ? [] : [roleArn.trim()]));
  const carriedRoles = [...new Set(carried)].filter(
    (roleArn) => roleOfArn(roleArn) !== null && (annotatedRole === null || !sameRole(roleArn, annotatedRole)),
  );
  const bare = pods.filter((pod) =>
    pod.containers.some((one) => !one.init && injectedInto(one).mechanism === "none"),
  );
  const instanceIds = (known(evidence["k8s.nodes"]) ?? [])
    .filter((node) => bare.some((pod) => pod.nodeName === node.name))
    .flatMap((node) => node.instanceId ?? []);
  return {
    annotatedRole,
    carriedRoles: carriedRoles.slice(0, maxRoles),
    associatedRoles: association === null ? [] : [association.roleArn],
    targetRole: association?.targetRoleArn ?? null,
    cluster: association === null ? null : question.cluster,
    subject:
      annotatedRole === null && carriedRoles.length === 0
        ? null
        : `system:serviceaccount:${question.namespace}:${serviceAccount?.name ?? ""}`,
    instanceIds,
  };
}

/** One lookup in event history: one attribute, in one Region. */
export interface Lookup {
  readonly region: string;
  readonly key: "ResourceName" | "Username" | "EventName";
  readonly value: string;
}

const maxNodes = 1;

/**
 * What to look up in event history, which takes one attribute at a time: a role's or a cluster's name for the calls that
 * name it, the user name for the calls of a node, whose session is named by its instance.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html
 */
export function lookupsFor(wanted: WantedCalls, region: string): readonly Lookup[] {
  const lookups: Lookup[] = [];
  const { annotatedRole, targetRole, cluster } = wanted;
  if (annotatedRole !== null) {
    if (roleOfArn(annotatedRole) === null) {
      // No event names what is no role: the failed calls are found by their own name.
      lookups.push({ region, key: "EventName", value: "AssumeRoleWithWebIdentity" });
    } else {
      // STS's global endpoint writes to us-east-1, wherever the caller is; other partitions have no such endpoint.
      const regions = new Set(
        parseArn(annotatedRole)?.partition === "aws" ? [region, "us-east-1"] : [region],
      );
      for (const where of regions) lookups.push({ region: where, key: "ResourceName", value: annotatedRole });
    }
  }
  for (const value of wanted.carriedRoles) lookups.push({ region, key: "ResourceName", value });
  if (cluster !== null) lookups.push({ region, key: "ResourceName", value: cluster });
  if (targetRole !== null) lookups.push({ region, key: "ResourceName", value: targetRole });
  for (const value of wanted.instanceIds.slice(0, maxNodes)) lookups.push({ region, key: "Username", value });
  return lookups;
}
