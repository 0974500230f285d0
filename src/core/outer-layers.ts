import type { Evidence, Observation, PolicyFacts } from "./evidence.ts";
import { parseArn, roleOfArn } from "./iam/arn.ts";
import type { PolicyLayers } from "./iam/evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "./iam/policy.ts";
import { coversResource } from "./resource-policies.ts";

/** The layers of a call that lie outside its role, as far as they were seen. */
export interface OuterLayers {
  readonly layers: Pick<
    PolicyLayers,
    "serviceControlPolicies" | "resourceControlPolicies" | "resourcePolicy"
  >;
  /** Those that AWS would look at and that were not seen, in words. */
  readonly notEvaluated: readonly string[];
  /** A policy that was seen and cannot be read; null: all can. */
  readonly error: string | null;
}

/** What RCPs are documented for: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html */
const reachedByResourceControl = ["s3", "sts", "sqs", "kms", "secretsmanager"];

/**
 * The organization's policies and the resource's own, for a call of this role. Of resource control policies more
 * services become subject with time: of one that is not known to be, they are told as not evaluated.
 */
export function outerLayers(
  evidence: Evidence,
  roleArn: string,
  action: string,
  resource: string,
): OuterLayers {
  const compiler = createCompiler();
  const organization = organizationLayers(evidence, roleArn, action, resource, compiler);
  const own = resourceLayer(evidence, resource, compiler);
  return {
    layers: { ...organization.layers, ...own.layers },
    notEvaluated: [...organization.notEvaluated, ...own.notEvaluated],
    error: compiler.error(),
  };
}

type Part = Pick<OuterLayers, "layers" | "notEvaluated">;

function organizationLayers(
  evidence: Evidence,
  roleArn: string,
  action: string,
  resource: string,
  { compile }: Compiler,
): Part {
  const seen = evidence["organizations.policies"];
  if (seen?.status === "absent") return { layers: {}, notEvaluated: [] };
  const account = roleOfArn(roleArn)?.accountId;
  if (seen?.status !== "found" || seen.value.accountId !== account) {
    const why = seen?.status === "found" ? "" : grantOf(seen);
    return {
      layers: {},
      notEvaluated: [`service and resource control policies of the organization${why}`],
    };
  }
  const { serviceControlPolicies, resourceControlPolicies } = seen.value;
  const levels = (all: typeof serviceControlPolicies, kind: PolicyKind) =>
    all.length === 0 ? null : all.map((level) => level.flatMap((policy) => compile(policy, kind)));
  const scps = { serviceControlPolicies: levels(serviceControlPolicies, "scp") };
  const owner = parseArn(resource)?.accountId ?? "";
  if (owner !== "" && owner !== account) {
    return {
      layers: scps,
      notEvaluated: [`resource control policies over account ${owner}`],
    };
  }
  if (!reachedByResourceControl.includes(action.split(":")[0]?.toLowerCase() ?? "")) {
    const only = resourceControlPolicies.flat().every(({ name }) => name === "RCPFullAWSAccess");
    return { layers: scps, notEvaluated: only ? [] : ["resource control policies of the organization"] };
  }
  return {
    layers: { ...scps, resourceControlPolicies: levels(resourceControlPolicies, "rcp") },
    notEvaluated: [],
  };
}

function resourceLayer(evidence: Evidence, resource: string, { compile }: Compiler): Part {
  const seen = evidence["aws.resource-policies"];
  const policies = seen?.status === "found" ? seen.value.policies : [];
  const own = policies.find(({ resourceArn }) => coversResource(resourceArn, resource));
  if (own === undefined) {
    return { layers: {}, notEvaluated: [`the resource's own policy${grantOf(seen)}`] };
  }
  if (own.document === null) return { layers: {}, notEvaluated: [] };
  const [policy] = compile(
    { name: own.resourceArn, arn: own.resourceArn, document: own.document },
    "resource",
  );
  return { layers: { resourcePolicy: policy ?? null }, notEvaluated: [] };
}

interface Compiler {
  readonly compile: (policy: PolicyFacts, kind: PolicyKind) => readonly NamedPolicy[];
  readonly error: () => string | null;
}

/** Compiles policies; the first that is not valid is remembered. */
function createCompiler(): Compiler {
  let error: string | null = null;
  return {
    compile({ name, document }, kind) {
      const parsed = parsePolicy(document, kind);
      if (parsed.ok) return [{ name, policy: parsed.value }];
      error ??= `Policy ${name} is not valid: ${parsed.error.place}: ${parsed.error.message}.`;
      return [];
    },
    error: () => error,
  };
}

function grantOf(observation: Observation<unknown> | undefined): string {
  const permission = observation?.status === "unavailable" ? observation.permission : undefined;
  return permission === undefined ? "" : ` (${permission} is not granted)`;
}
