/**
 * The short way to write a story: what is right is left out, so that a scene shows only its twist.
 *
 *     export const imports = scene({
 *       at: "imports/imports",
 *       about: "The role lets EKS Pod Identity in, but not tag its sessions",
 *       rule: "pi-trust-missing-tagsession",
 *       sdk: "go-v2",
 *       calls: ["sqs:SendMessage imports"],
 *       podIdentity: { trust: (right) => ({ ...right, Action: "sts:AssumeRole" }) },
 *     });
 *
 * Without anything else that is a Deployment `imports` in a namespace `imports` of the gallery's cluster, 26 hours old,
 * whose ServiceAccount is called the same; an image with a boto3 program that makes its calls at every round; a role
 * that may make exactly these calls; and, an hour older, the association. `irsa: {}` gives the role's trust and the
 * annotation instead, neither gives no identity, both give both. `rule: null` is a workload without a fault.
 *
 * What the description cannot say, `twist` does: it may change the account at once, and with `stage.at(hoursAgo, …)`
 * let anything happen in the cluster, before the workload or after it. A fault should cause its symptom: take away
 * what the simulated machinery needs, and let the programs write the log.
 */
import type { JsonValue } from "../../src/core/json.ts";
import type { Account } from "../account/account.ts";
import type { Application } from "../cluster/applications/application.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { NewObject, PodOwner, PodSpec } from "../cluster/objects.ts";
import { restrictedTaint } from "./clusters.ts";
import { gallery, type TroubledNodegroup } from "./gallery/clusters.ts";
import { namespace, serviceAccount, type WorkloadManifest, workload } from "./manifests.ts";
import { arnOf, irsaTrust, podIdentityTrust } from "./policies.ts";
import { hours, type Story, type World } from "./story.ts";

export type Statement = { readonly [key: string]: JsonValue };

/** The role that a workload gets, right in everything that is not said. */
interface RoleScene {
  /** By default `<cluster>-<namespace>`. */
  readonly roleName?: string;
  /** What the role may do, written as calls are; by default exactly the calls. */
  readonly allows?: readonly string[];
  /** Inline policies instead of `allows`, by name. */
  readonly policies?: Readonly<Record<string, JsonValue>>;
  /** The statements of the trust policy, from the right one. */
  readonly trust?: (right: Statement) => Statement | readonly Statement[];
  /** What the permissions boundary allows, written as calls are. Without: no boundary. */
  readonly boundary?: readonly string[];
}

interface PodIdentityScene extends RoleScene {
  /** Of the association; by default those of the workload. */
  readonly namespace?: string;
  readonly serviceAccount?: string;
  /** When the association was made; by default one hour before the workload. */
  readonly hoursAgo?: number;
  readonly targetRoleArn?: string;
  readonly disableSessionTags?: boolean;
  readonly sessionPolicy?: JsonValue;
  readonly ownerArn?: string;
}

interface IrsaScene extends RoleScene {
  /** Value of the annotation, from the role's ARN; null: there is none. */
  readonly annotation?: (roleArn: string) => string | null;
  /** The ServiceAccount that the role trusts, `namespace/name`; by default the workload's. */
  readonly subject?: string;
}

interface Program extends Partial<Omit<Application, "name" | "calls">> {
  /** `dynamodb:PutItem table/Orders`: the action, and an ARN or the last part of one in this account. */
  readonly calls?: readonly string[];
}

export interface Scene extends Program {
  /** `namespace/name` of the workload. */
  readonly at: string;
  /** In one line, for somebody who chooses among stories. */
  readonly about: string;
  /** The rule that the diagnosis has to name; null: nothing is wrong. */
  readonly rule: string | null;
  /** Rules that have to be told beside it. */
  readonly alsoWrong?: readonly string[];
  /** With `rule: null`: something fails, and what AWS says of it does not tell the cause. */
  readonly inconclusive?: true;
  /** By default the gallery's. */
  readonly cluster?: string;
  readonly kind?: Story["kind"];
  /** Neither this nor `irsa`: no identity, and no role. */
  readonly podIdentity?: PodIdentityScene;
  readonly irsa?: IrsaScene;
  /** The troubled node group that the pods run on; by default a sound one. */
  readonly on?: TroubledNodegroup;
  /** Annotations of the ServiceAccount beside the role's. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the manifest has beside what every one has. `serviceAccount: "default"` makes no other. */
  readonly manifest?: Partial<Omit<WorkloadManifest, "kind" | "namespace" | "name" | "sidecars">>;
  /** Other containers of the pod, by name. */
  readonly sidecars?: Readonly<Record<string, Program>>;
  /** The pod's spec, from the one that the manifest makes, where the manifest has no word for it. */
  readonly pod?: (spec: PodSpec) => PodSpec;
  /** When the workload was made; 26 by default. */
  readonly hoursAgo?: number;
  readonly twist?: (stage: Stage) => void;
}

/** What a twist works with. */
export interface Stage {
  readonly world: World;
  readonly account: Account;
  readonly namespace: string;
  readonly name: string;
  /** The workload's role; empty: it has none. */
  readonly roleArn: string;
  /** Lets something happen in the workload's cluster. Before the workload is made, its namespace is not there. */
  at(hoursAgo: number, change: (cluster: Cluster) => void): void;
}

/** The story that the scene describes. */
export function scene(given: Scene): Story {
  const [inNamespace = "", name = ""] = given.at.split("/");
  const { cluster = gallery, kind = "Deployment", hoursAgo = 26, rule, alsoWrong } = given;
  return {
    cluster,
    namespace: inNamespace,
    name,
    kind,
    about: given.about,
    expect: {
      conclusion: rule !== null ? "cause-found" : given.inconclusive ? "inconclusive" : "no-fault-found",
      ruleId: rule,
      ...(alsoWrong === undefined ? {} : { alsoWrong }),
    },
    install(world) {
      const runsAs = given.manifest?.serviceAccount ?? name;
      const place: Place = { world, cluster, namespace: inNamespace, name, runsAs };
      const roleArn = addRole(given, place);
      const at: Stage["at"] = (ago, change) => world.at(ago * hours, () => change(world.cluster(cluster)));
      if (given.podIdentity !== undefined) {
        at(given.podIdentity.hoursAgo ?? hoursAgo + 1, () => associate(given, place, roleArn));
      }
      at(hoursAgo, (there) => {
        there.create(namespace(inNamespace));
        if (runsAs !== "default") there.create(account(given, place, roleArn), "helm");
        there.create(manifestOf(given, place, there), "helm");
      });
      given.twist?.({ world, account: world.account, namespace: inNamespace, name, roleArn, at });
    },
  };
}

/** Where a scene plays, and as which ServiceAccount. */
interface Place {
  readonly world: World;
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly runsAs: string;
}

/** Registers the images, and answers the workload that runs them. */
function manifestOf(given: Scene, place: Place, cluster: Cluster): NewObject {
  const { world, name } = place;
  const { accountId, region } = world.account;
  const register = (container: string, program: Program) => {
    const image = `${accountId}.dkr.ecr.${region}.amazonaws.com/${place.namespace}/${container}:1.4.0`;
    const calls = (program.calls ?? []).map((call) => callOf(world, call));
    cluster.registerImage(image, { ...program, name: container, sdk: program.sdk ?? "boto3", calls });
    return { name: container, image };
  };
  const object = workload({
    kind: given.kind ?? "Deployment",
    namespace: place.namespace,
    name,
    image: register(name, given).image,
    serviceAccount: place.runsAs,
    sidecars: Object.entries(given.sidecars ?? {}).map(([container, program]) =>
      register(container, program),
    ),
    ...(given.on === undefined
      ? {}
      : { nodeSelector: { "eks.amazonaws.com/nodegroup": given.on }, tolerations: [restrictedTaint] }),
    ...given.manifest,
  });
  if (given.pod === undefined) return object;
  const spec = object["spec"] as PodOwner["spec"];
  return {
    ...object,
    spec: { ...spec, template: { ...spec.template, spec: given.pod(spec.template.spec) } },
  };
}

function account(given: Scene, place: Place, roleArn: string): NewObject {
  const { irsa } = given;
  const object = serviceAccount(place.namespace, place.runsAs);
  const role = irsa === undefined ? null : irsa.annotation === undefined ? roleArn : irsa.annotation(roleArn);
  const annotations = {
    ...(role === null ? {} : { "eks.amazonaws.com/role-arn": role }),
    ...given.annotations,
  };
  return Object.keys(annotations).length === 0
    ? object
    : { ...object, metadata: { ...object.metadata, annotations } };
}

function associate({ podIdentity }: Scene, place: Place, roleArn: string): void {
  if (podIdentity === undefined) return;
  const { targetRoleArn, disableSessionTags, sessionPolicy, ownerArn } = podIdentity;
  place.world.account.addAssociation({
    cluster: place.cluster,
    namespace: podIdentity.namespace ?? place.namespace,
    serviceAccount: podIdentity.serviceAccount ?? place.runsAs,
    roleArn,
    ...(targetRoleArn === undefined ? {} : { targetRoleArn }),
    ...(disableSessionTags === undefined ? {} : { disableSessionTags }),
    ...(sessionPolicy === undefined ? {} : { policy: JSON.stringify(sessionPolicy) }),
    ...(ownerArn === undefined ? {} : { ownerArn }),
  });
}

/** The role of the scene; one that serves both ways is described by `irsa`, and trusts both. */
function addRole(given: Scene, place: Place): string {
  const { podIdentity, irsa } = given;
  const role = irsa ?? podIdentity;
  if (role === undefined) return "";
  const { world } = place;
  const name = role.roleName ?? `${place.cluster}-${place.namespace}`;
  const [ofNamespace = "", ofAccount = ""] = irsa?.subject?.split("/") ?? [place.namespace, place.runsAs];
  const right = [
    ...(podIdentity === undefined ? [] : statementsOf(podIdentityTrust, podIdentity)),
    ...(irsa === undefined
      ? []
      : statementsOf(irsaTrust(world, place.cluster, ofNamespace, ofAccount), irsa)),
  ];
  const boundary =
    role.boundary === undefined
      ? {}
      : {
          permissionsBoundaryArn: world.account.addManagedPolicy(
            `${name}-boundary`,
            allowing(world, role.boundary),
          ),
        };
  const allows = role.allows ?? given.calls ?? [];
  return world.account.addRole({
    name,
    trustPolicy: { Version: "2012-10-17", Statement: right },
    inline: role.policies ?? (allows.length === 0 ? {} : { calls: allowing(world, allows) }),
    ...boundary,
  });
}

function statementsOf(trustPolicy: JsonValue, { trust }: RoleScene): readonly Statement[] {
  const [right = {}] = (trustPolicy as { Statement: Statement[] }).Statement;
  return trust === undefined ? [right] : [trust(right)].flat();
}

/** A policy that allows exactly these calls. */
export function allowing(world: World, calls: readonly string[]): JsonValue {
  const statements = calls.map((text) => callOf(world, text));
  return {
    Version: "2012-10-17",
    Statement: statements.map(({ action, resource }) => ({
      Effect: "Allow",
      Action: action,
      Resource: resource,
    })),
  };
}

/** `dynamodb:PutItem table/Orders` */
export function callOf(world: World, text: string): { readonly action: string; readonly resource: string } {
  const [action = "", resource = "*"] = text.split(" ");
  if (resource === "*" || resource.startsWith("arn:")) return { action, resource };
  const service = action.slice(0, action.indexOf(":"));
  // Names of buckets are the world's, not the account's.
  return {
    action,
    resource: service === "s3" ? `arn:aws:s3:::${resource}` : arnOf(world, service, resource),
  };
}
