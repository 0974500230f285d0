import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { galleryStories, stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import { answer } from "../../src/app/judge.ts";
import type { AuditResult } from "../../src/core/digest.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { rules } from "../../src/rules/index.ts";
import { eksiam, quickLookups, writeQuickConfig } from "./support.ts";

let folder: string;
let sandbox: Sandbox;
/** What the audits of all clusters say, `cluster namespace/name` → rule, or `healthy`, or what is not known. */
const audited = new Map<string, string>();
const before = { ...process.env };

/** What eksiam may be granted beside what it needs, so that no rule misses what it asks for. */
const optionalReads = {
  name: "optional-reads",
  document: {
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Action: [
        "ec2:DescribeInstances",
        "ec2:DescribeVpcEndpoints",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "organizations:DescribeOrganization",
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "s3:GetBucketPolicy",
        "sqs:GetQueueAttributes",
      ],
      Resource: "*",
    },
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-gallery-"));
  const rights = await deployedRights();
  const investigator = [...(rights.policies.investigator ?? []), optionalReads];
  sandbox = await startSandbox({
    ...rights,
    policies: { ...rights.policies, investigator },
    gallery: true,
    tickMs: 0,
    paceMs: 2,
    lookupsPerSecond: quickLookups,
  });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("investigator"));
  Object.assign(process.env, sandbox.awsEnv("investigator"), {
    KUBECONFIG: kubeconfig,
    EKSIAM_CONFIG: await writeQuickConfig(folder, sandbox),
  });
  for (const cluster of Object.keys(sandbox.clusters)) {
    const asked = await eksiam(["audit", "--cluster", cluster, "--output", "json"]);
    const { workloads } = JSON.parse(asked.out) as AuditResult;
    for (const one of workloads) {
      const missing = one.missingPermissions.length === 0 ? "" : ` (${one.missingPermissions.join(", ")})`;
      const verdict = one.conclusion === "no-fault-found" ? "healthy" : (one.ruleId ?? one.conclusion);
      audited.set(`${cluster} ${one.namespace}/${one.name}`, `${verdict}${missing}`);
    }
  }
}, 60_000);

afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

const everyStory = [...stories, ...galleryStories];
const toldOf = ({ expect: { conclusion, ruleId } }: Story) =>
  conclusion === "no-fault-found" ? "healthy" : (ruleId ?? conclusion);
const placeOf = ({ cluster, namespace, name }: Story) => `${cluster} ${namespace}/${name}`;

test("the audit of every cluster names the faults of its stories, and of nothing else", () => {
  const told = new Map(everyStory.map((story) => [placeOf(story), toldOf(story)]));
  const expected = [...audited.keys()].map((place) => [place, told.get(place) ?? "healthy"]);
  expect(Object.fromEntries(audited)).toEqual(Object.fromEntries(expected));
  expect([...told.keys()].filter((place) => !audited.has(place))).toEqual([]);
});

test.each(everyStory.filter(({ expect: { alsoWrong } }) => alsoWrong !== undefined))(
  "$namespace/$name: every fault is told, in the order in which a call meets them",
  async ({ cluster, namespace, name, kind, expect: told }) => {
    const access = openOneCluster({ cluster }, null, process.env);
    const asked = await answer({ rules, clock: () => new Date().toISOString(), deadlineMs: 20_000 }, access, {
      cluster,
      namespace,
      name,
      kind,
      container: null,
      sinceSeconds: 3_600,
    });
    if (!asked.ok) throw new Error(asked.error.type);
    const { cause, alsoWrong } = asked.value.diagnosis;
    expect(cause?.ruleId ?? null).toBe(told.ruleId);
    expect(alsoWrong.map(({ ruleId }) => ruleId)).toEqual(told.alsoWrong);
  },
);

test("every workload of the stories, and what is the matter with it", () => {
  const lines = [...audited].filter(([place]) => !place.includes(" kube-system/"));
  const width = Math.max(...lines.map(([place]) => place.length));
  const table = lines.map(([place, verdict]) => `${place.padEnd(width)}  ${verdict}`).join("\n");
  expect(table).toMatchInlineSnapshot(`
    "eks-workshop carts/carts              node-role-fallback-no-identity
    eks-workshop catalog/catalog          healthy
    eks-workshop checkout/checkout        healthy
    eks-workshop orders/orders            no-credentials-no-identity
    eks-workshop reports/reports          irsa-trust-sub-mismatch
    eks-workshop ui/ui                    healthy
    eks-legacy ledger/ledger              healthy
    eks-legacy payments/payments          webhook-cabundle-wrong
    eks-gallery alerts/alerts             partial-env-suppresses-injection
    eks-gallery annotated/annotated       healthy
    eks-gallery archive/archive           resource-policy-deny
    eks-gallery audit-log/audit-log       policy-not-attached
    eks-gallery backups/backups           webhook-excluded
    eks-gallery catalogue-prod/catalogue  identity-policy-missing-action
    eks-gallery cleanup/cleanup           explicit-deny-identity-policy
    eks-gallery contracts/contracts       kms-key-denied
    eks-gallery coupons/coupons           irsa-annotated-other-sa
    eks-gallery exports/exports           pod-older-than-association
    eks-gallery fraud/fraud               irsa-explicit-deny-trust
    eks-gallery history/history           identity-policy-resource-mismatch
    eks-gallery imports/imports           pi-trust-missing-tagsession
    eks-gallery invoices/invoices         irsa-annotation-missing
    eks-gallery labels/labels             irsa-arn-malformed
    eks-gallery letters/letters           rcp-deny
    eks-gallery loyalty/loyalty           irsa-scp-denies-webidentity
    eks-gallery mailer/mailer             permissions-boundary
    eks-gallery partners/partners         resource-policy-missing-cross-account
    eks-gallery pictures/pictures         inconclusive
    eks-gallery prices/prices             irsa-trust-aud-mismatch
    eks-gallery quotes/quotes             pod-uses-default-sa
    eks-gallery ratings/ratings           pod-older-than-annotation
    eks-gallery refunds/refunds           irsa-role-missing
    eks-gallery returns/returns           irsa-trust-no-federated
    eks-gallery reviews/reviews           policy-not-default-version
    eks-gallery scans/scans               scp-deny
    eks-gallery search/search             oidc-audience-not-registered
    eks-gallery shipping/shipping         irsa-trust-no-federated
    eks-gallery stock/stock               irsa-trust-wildcard-with-stringequals
    eks-gallery taxes/taxes               irsa-trust-conditions-anded
    eks-gallery tenants/tenants           identity-policy-condition-mismatch
    eks-gallery thumbnails/thumbnails     vpc-endpoint-policy-deny
    eks-gallery tickets/tickets           irsa-annotation-wrong-key
    eks-gallery vault/vault               stale-principal-in-resource-policy
    eks-gallery warehouse/warehouse       irsa-trust-wrong-action
    eks-gallery wishlist/wishlist         identity-policy-missing-action"
  `);
});
