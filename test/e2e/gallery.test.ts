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

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-gallery-"));
  sandbox = await startSandbox({
    ...(await deployedRights()),
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
      const unknown = [one.conclusion, ...one.missingPermissions].join(" ");
      const verdict = one.conclusion === "no-fault-found" ? "healthy" : (one.ruleId ?? unknown);
      audited.set(`${cluster} ${one.namespace}/${one.name}`, verdict);
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
  const table = lines.map(([place, verdict]) => `${verdict.padEnd(36)} ${place}`).join("\n");
  expect(table).toMatchInlineSnapshot(`
    "node-role-fallback-no-identity       eks-workshop carts/carts
    healthy                              eks-workshop catalog/catalog
    healthy                              eks-workshop checkout/checkout
    no-credentials-no-identity           eks-workshop orders/orders
    irsa-trust-sub-mismatch              eks-workshop reports/reports
    healthy                              eks-workshop ui/ui
    healthy                              eks-legacy ledger/ledger
    webhook-cabundle-wrong               eks-legacy payments/payments
    partial-env-suppresses-injection     eks-gallery alerts/alerts
    healthy                              eks-gallery annotated/annotated
    sdk-too-old-for-pod-identity         eks-gallery antique/antique
    resource-policy-deny                 eks-gallery archive/archive
    policy-not-attached                  eks-gallery audit-log/audit-log
    webhook-excluded                     eks-gallery backups/backups
    agent-not-on-node                    eks-gallery batch/batch
    no-credentials-no-identity           eks-gallery beacon/beacon
    identity-policy-missing-action       eks-gallery catalogue-prod/catalogue
    explicit-deny-identity-policy        eks-gallery cleanup/cleanup
    kms-key-denied                       eks-gallery contracts/contracts
    irsa-annotated-other-sa              eks-gallery coupons/coupons
    agent-port-conflict                  eks-gallery edge/edge
    pod-older-than-association           eks-gallery exports/exports
    injection-missed-webhook-flap        eks-gallery flaky/flaky
    agent-ipv6-disabled                  eks-gallery fourteen/fourteen
    irsa-explicit-deny-trust             eks-gallery fraud/fraud
    agent-wrong-address                  eks-gallery gateway/gateway
    pi-role-deleted                      eks-gallery ghost/ghost
    agent-context-canceled               eks-gallery hasty/hasty
    identity-policy-resource-mismatch    eks-gallery history/history
    pi-transitive-tags-chain             eks-gallery hopper/hopper
    pi-trust-missing-tagsession          eks-gallery imports/imports
    healthy                              eks-gallery ingress/ingress
    pia-other-service-account            eks-gallery inventory/inventory
    irsa-annotation-missing              eks-gallery invoices/invoices
    irsa-arn-malformed                   eks-gallery labels/labels
    security-group-for-pods              eks-gallery ledgers/ledgers
    rcp-deny                             eks-gallery letters/letters
    irsa-scp-denies-webidentity          eks-gallery loyalty/loyalty
    no-credentials-no-identity           eks-gallery mailer/mailer
    pi-trust-condition-mismatch          eks-gallery moved/moved
    agent-bearer-prefix                  eks-gallery n8n/n8n
    node-role-lacks-eks-auth             eks-gallery narrow/narrow
    pi-session-policy-denies             eks-gallery narrowed/narrowed
    pi-trust-missing-principal           eks-gallery orphans/orphans
    resource-policy-missing-cross-account eks-gallery partners/partners
    inconclusive                         eks-gallery pictures/pictures
    permissions-boundary                 eks-gallery postman/postman
    vpc-endpoint-policy-deny             eks-gallery previews/previews
    irsa-trust-aud-mismatch              eks-gallery prices/prices
    proxy-no-no_proxy                    eks-gallery proxied/proxied
    pod-uses-default-sa                  eks-gallery quotes/quotes
    pod-older-than-annotation            eks-gallery ratings/ratings
    irsa-role-missing                    eks-gallery refunds/refunds
    pi-target-role-trust                 eks-gallery relay/relay
    irsa-trust-no-federated              eks-gallery returns/returns
    policy-not-default-version           eks-gallery reviews/reviews
    scp-deny                             eks-gallery scans/scans
    node-role-fallback-no-identity       eks-gallery scraper/scraper
    oidc-audience-not-registered         eks-gallery search/search
    pod-identity-unsupported-compute     eks-gallery serverless/serverless
    irsa-trust-no-federated              eks-gallery shipping/shipping
    pi-trust-missing-principal           eks-gallery silent/silent
    pi-trust-condition-mismatch          eks-gallery staging/staging
    irsa-trust-wildcard-with-stringequals eks-gallery stock/stock
    agent-throttled                      eks-gallery swarm/swarm
    irsa-trust-conditions-anded          eks-gallery taxes/taxes
    identity-policy-condition-mismatch   eks-gallery tenants/tenants
    pi-packed-policy-too-large           eks-gallery the-department-of-very-long-names-in-the-head-office/the-importer-of-the-quarterly-figures-of-every-branch
    no-credentials-no-identity           eks-gallery thumbnails/thumbnails
    pia-and-irsa-both                    eks-gallery thumbs/thumbs
    irsa-annotation-wrong-key            eks-gallery tickets/tickets
    pi-trust-condition-mismatch          eks-gallery untagged/untagged
    eks-auth-unreachable                 eks-gallery vault-sync/vault-sync
    stale-principal-in-resource-policy   eks-gallery vault/vault
    networkpolicy-blocks-agent           eks-gallery walled/walled
    irsa-trust-wrong-action              eks-gallery warehouse/warehouse
    agent-empty-token                    eks-gallery wiki/wiki
    identity-policy-missing-action       eks-gallery wishlist/wishlist
    agent-addon-missing                  eks-without-agent invoices/invoices
    ipv6-cluster-address                 eks-ipv6 sixes/sixes
    cluster-version-unsupported          eks-elderly elderly/elderly"
  `);
});
