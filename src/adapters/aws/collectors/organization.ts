import { z } from "zod";
import type { Collectors } from "../../../app/ports.ts";
import type { PolicyFacts } from "../../../core/evidence.ts";
import type { OrganizationPoliciesFacts } from "../../../core/facts/aws.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call, observing } from "../outcome.ts";
import { unread, vanished } from "../reading/iam-answers.ts";
import { jsonText } from "../reading/json-text.ts";
import { createOptionalReads, lazily } from "../reading/optional-reads.ts";
import { ownAccount } from "../reading/own-account.ts";

const organizationSchema = z.object({ Organization: z.object({ MasterAccountId: z.string() }) });
const parentsSchema = z.object({ Parents: z.array(z.object({ Id: z.string(), Type: z.string() })).min(1) });
const listSchema = z.object({
  Policies: z.array(z.object({ Id: z.string(), Name: z.string(), Arn: z.string() })),
  NextToken: z.string().optional(),
});
const policySchema = z.object({ Policy: z.object({ Content: jsonText }) });

const types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] as const;
type PolicyType = (typeof types)[number];

const listPolicies = "organizations:ListPoliciesForTarget";
const listParents = "organizations:ListParents";
const describePolicy = "organizations:DescribePolicy";
const describeOrganization = "organizations:DescribeOrganization";

/** Organizations nests units five deep below the root: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html */
const maxDepth = 7;
const maxPages = 10;
const keptForMs = 600_000;

/** AWS says no more than that access is denied; this is nearly always why. */
const whoMay =
  "AWS lets only the organization's management account and its delegated administrators read its policies";

/**
 * The policies of the organization that stand over the account, read once for everybody and kept for ten minutes.
 * Optional permissions: organizations:ListPoliciesForTarget, organizations:DescribeOrganization,
 * organizations:ListParents, organizations:DescribePolicy.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html
 * @param clients those of the cluster's account, which is asked about.
 * @param administrator those that may read the organization; by default the same.
 */
export function createOrganizationCollector(
  clients: AwsClients,
  clock: () => string,
  administrator: Pick<AwsClients, "other"> = clients,
): Pick<Collectors, "organizations.policies"> {
  const organizations = lazily(async () => {
    const sdk = await import("@aws-sdk/client-organizations");
    return { ...sdk, client: administrator.other((settings) => new sdk.OrganizationsClient(settings)) };
  });
  const reads = createOptionalReads<OrganizationPoliciesFacts | null>(clock, { answersForMs: keptForMs });

  type Listed = z.output<typeof listSchema>["Policies"];

  /** Null: the account is in no organization. */
  async function attached(targetId: string, type: PolicyType, signal: AbortSignal): Promise<Listed | null> {
    const { client, ListPoliciesForTargetCommand } = await organizations();
    const policies: Listed[number][] = [];
    let token: { NextToken?: string } = {};
    for (let count = 0; count < maxPages; count++) {
      const command = new ListPoliciesForTargetCommand({ TargetId: targetId, Filter: type, ...token });
      const send = () => client.send(command, { abortSignal: signal });
      const answer = await call(listPolicies, send, listSchema, signal, [
        "AWSOrganizationsNotInUseException",
      ]);
      if (answer === null) return null;
      policies.push(...answer.Policies);
      if (answer.NextToken === undefined) return policies;
      token = { NextToken: answer.NextToken };
    }
    throw unread(listPolicies, `more than ${maxPages} pages`);
  }

  async function managementAccount(signal: AbortSignal): Promise<string> {
    const { client, DescribeOrganizationCommand } = await organizations();
    const send = () => client.send(new DescribeOrganizationCommand({}), { abortSignal: signal });
    const answer = await call(describeOrganization, send, organizationSchema, signal);
    if (answer === null) throw vanished(describeOrganization, "the organization");
    return answer.Organization.MasterAccountId;
  }

  /** The account, its organizational units and the root, root first. */
  async function wayUp(accountId: string, signal: AbortSignal): Promise<readonly string[]> {
    const { client, ListParentsCommand } = await organizations();
    const way = [accountId];
    while (way.length <= maxDepth) {
      const command = new ListParentsCommand({ ChildId: way[0] ?? "" });
      const send = () => client.send(command, { abortSignal: signal });
      const parent = (await call(listParents, send, parentsSchema, signal))?.Parents[0];
      if (parent === undefined) throw vanished(listParents, `account ${accountId}`);
      way.unshift(parent.Id);
      if (parent.Type === "ROOT") return way;
    }
    throw unread(listParents, "the way up to the root has no end");
  }

  async function contents(listed: Listed, signal: AbortSignal): Promise<ReadonlyMap<string, PolicyFacts>> {
    const { client, DescribePolicyCommand } = await organizations();
    const read = new Map<string, PolicyFacts>();
    // One after the other: Organizations answers a few requests a second, to the whole organization.
    for (const { Id, Name, Arn } of listed) {
      if (read.has(Id)) continue;
      const send = () => client.send(new DescribePolicyCommand({ PolicyId: Id }), { abortSignal: signal });
      const answer = await call(describePolicy, send, policySchema, signal);
      if (answer === null) throw vanished(describePolicy, `policy ${Id}`);
      read.set(Id, { name: Name, arn: Arn, document: answer.Policy.Content });
    }
    return read;
  }

  async function read(accountId: string, signal: AbortSignal): Promise<OrganizationPoliciesFacts | null> {
    const none = { accountId, serviceControlPolicies: [], resourceControlPolicies: [] };
    // The call that tells the most comes first: it shows whether anything can be read at all.
    if ((await attached(accountId, types[0], signal)) === null) return null;
    // Nothing binds the management account, whatever is attached above it.
    if ((await managementAccount(signal)) === accountId) return none;
    const way = await wayUp(accountId, signal);
    const levels: Record<PolicyType, Listed[]> = { SERVICE_CONTROL_POLICY: [], RESOURCE_CONTROL_POLICY: [] };
    for (const type of types) {
      for (const target of way) levels[type].push((await attached(target, type, signal)) ?? []);
    }
    const policies = await contents(Object.values(levels).flat(2), signal);
    const facts = (type: PolicyType) => {
      // Where a type is in use, every level has at least one; where none has any, the type is not in use.
      if (levels[type].every((level) => level.length === 0)) return [];
      return levels[type].map((level) => level.flatMap(({ Id }) => policies.get(Id) ?? []));
    };
    return {
      accountId,
      serviceControlPolicies: facts("SERVICE_CONTROL_POLICY"),
      resourceControlPolicies: facts("RESOURCE_CONTROL_POLICY"),
    };
  }

  return {
    "organizations.policies": {
      kind: "organizations.policies",
      group: "config",
      after: ["eks.cluster"],
      collect: (context) =>
        observing(async () => {
          const accountId = await ownAccount(clients, context);
          const what = { permission: listPolicies, of: accountId, refusedFor: "everything" } as const;
          const { value, at } = await reads(what, context.signal, (signal) => read(accountId, signal)).catch(
            (error: unknown) => {
              throw explained(error);
            },
          );
          if (value === null) return { status: "absent", source: listPolicies, at };
          return { status: "found", value, source: listPolicies, at };
        }),
    },
  };
}

function explained(error: unknown): unknown {
  if (!(error instanceof CallFailure) || error.unavailable.reason !== "access-denied") return error;
  return new CallFailure({ ...error.unavailable, detail: `${error.unavailable.detail ?? ""} (${whoMay})` });
}
