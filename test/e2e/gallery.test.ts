import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { galleryStories, stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import type { AuditEntry, AuditResult } from "../../src/core/digest.ts";
import { eksiam, quickLookups, writeQuickConfig } from "./support.ts";

let folder: string;
let sandbox: Sandbox;
/** `cluster namespace/name` → what the audit of the cluster says. */
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
    for (const one of workloads) audited.set(`${cluster} ${one.namespace}/${one.name}`, verdictOf(one));
  }
}, 180_000);

afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What is the matter, or `healthy`, or what was missing to tell; and what else is told. */
function verdictOf({ conclusion, ruleId, alsoWrong, missingPermissions }: AuditEntry): string {
  const unknown = conclusion === "inconclusive" ? missingPermissions : [];
  return [[wordFor(conclusion, ruleId), ...unknown].join(" "), ...alsoWrong].join(" + ");
}

function toldBy({ expect: { conclusion, ruleId, alsoWrong = [] } }: Story): string {
  return [wordFor(conclusion, ruleId), ...alsoWrong].join(" + ");
}

function wordFor(conclusion: AuditEntry["conclusion"], ruleId: string | null): string {
  return conclusion === "no-fault-found" ? "healthy" : (ruleId ?? conclusion);
}

test("the audit of every cluster names the faults of its stories, all of them and no others", () => {
  const told = new Map(
    [...stories, ...galleryStories].map((story) => [
      `${story.cluster} ${story.namespace}/${story.name}`,
      toldBy(story),
    ]),
  );
  const expected = [...audited.keys()].map((place) => [place, told.get(place) ?? "healthy"]);
  expect(Object.fromEntries(audited)).toEqual(Object.fromEntries(expected));
  expect([...told.keys()].filter((place) => !audited.has(place))).toEqual([]);
});

test("without the optional permissions clear answers stay clear, and what would change one is named", async () => {
  const granted = (await deployedRights()).policies.investigator ?? [];
  sandbox.applyPolicies("investigator", granted.slice(0, 1));
  const told: Record<string, string> = {};
  for (const name of ["scans", "archive", "previews", "thumbnails", "loyalty", "annotated"]) {
    const { out } = await eksiam(["why", `${name}/${name}`, "--cluster", "eks-gallery", "--output", "json"]);
    const { conclusion, cause, blindSpots } = JSON.parse(out) as Diagnosis;
    const unseen = blindSpots.map(({ permission }) => permission).join(", ");
    told[name] = `${cause?.ruleId ?? conclusion}${unseen === "" ? "" : `, without ${unseen}`}`;
  }
  sandbox.applyPolicies("investigator", granted);
  expect(told).toMatchInlineSnapshot(`
    {
      "annotated": "no-fault-found",
      "archive": "resource-policy-deny, without s3:GetBucketPolicy",
      "loyalty": "inconclusive, without organizations:ListPoliciesForTarget",
      "previews": "vpc-endpoint-policy-deny, without ec2:DescribeVpcEndpoints",
      "scans": "scp-deny",
      "thumbnails": "no-credentials-no-identity",
    }
  `);
});

test("every workload of the stories, and what is the matter with it", () => {
  const lines = [...audited].filter(([place]) => !place.includes(" kube-system/"));
  const table = lines.map(([place, verdict]) => `${verdict.padEnd(36)} ${place}`).join("\n");
  expect(table).toMatchInlineSnapshot(`
    "node-role-fallback-no-identity       eks-workshop carts/carts
    healthy                              eks-workshop catalog/catalog
    healthy                              eks-workshop checkout/checkout
    no-credentials-no-identity + imds-hop-limit-1 eks-workshop orders/orders
    irsa-trust-sub-mismatch              eks-workshop reports/reports
    healthy                              eks-workshop ui/ui
    healthy                              eks-legacy ledger/ledger
    webhook-cabundle-wrong               eks-legacy payments/payments
    pi-role-other-account                eks-gallery abroad/abroad
    partial-env-suppresses-injection     eks-gallery alerts/alerts
    healthy                              eks-gallery annotated/annotated
    sdk-too-old-for-pod-identity         eks-gallery antique/antique
    resource-policy-deny                 eks-gallery archive/archive
    association-duplicate                eks-gallery associator/associator
    bad-keys                             eks-gallery attic/attic
    policy-not-attached                  eks-gallery audit-log/audit-log
    healthy                              eks-gallery automatic/automatic
    webhook-excluded                     eks-gallery backups/backups
    imds-region-or-vpc-unreachable       eks-gallery balancers/balancers
    agent-not-on-node                    eks-gallery batch/batch
    no-credentials-no-identity + node-without-instance-profile eks-gallery beacon/beacon
    irsa-wrong-account                   eks-gallery bookings/bookings
    sts-endpoint-unreachable             eks-gallery branches/branches
    session-expired-not-refreshed        eks-gallery brokers/brokers
    healthy + not-iam                    eks-gallery catalogs/catalogs
    identity-policy-missing-action + wrong-role-associated eks-gallery catalogue-prod/catalogue
    healthy                              eks-gallery chatty/chatty
    explicit-deny-identity-policy        eks-gallery cleanup/cleanup
    region-missing                       eks-gallery compass/compass
    kms-key-denied                       eks-gallery contracts/contracts
    role-chaining-limit                  eks-gallery couplers/couplers
    irsa-annotated-other-sa              eks-gallery coupons/coupons
    static-keys-override                 eks-gallery couriers-legacy/couriers
    token-file-permission                eks-gallery couriers/couriers
    sts-throttled                        eks-gallery crowds/crowds
    healthy + ephemeral-or-exec-shell    eks-gallery debugged/debugged
    agent-not-on-node + pi-trust-missing-tagsession eks-gallery double/double
    token-file-missing                   eks-gallery drones/drones
    agent-port-conflict                  eks-gallery edge/edge
    sts-region-disabled                  eks-gallery embassies/embassies
    pod-older-than-association           eks-gallery exports/exports
    healthy + data-plane-own-authorization eks-gallery finder/finder
    injection-missed-webhook-flap        eks-gallery flaky/flaky
    pia-other-namespace                  eks-gallery forecasts/forecasts
    agent-ipv6-disabled                  eks-gallery fourteen/fourteen
    irsa-explicit-deny-trust             eks-gallery fraud/fraud
    agent-wrong-address                  eks-gallery gateway/gateway
    pi-role-deleted                      eks-gallery ghost/ghost
    pi-scp-on-trust                      eks-gallery governed/governed
    static-keys-empty-or-partial         eks-gallery halves/halves
    agent-context-canceled               eks-gallery hasty/hasty
    kube2iam-kiam-leftover               eks-gallery heirloom/heirloom
    association-role-changed-old-creds   eks-gallery heirs/heirs
    identity-policy-resource-mismatch    eks-gallery history/history
    pi-transitive-tags-chain             eks-gallery hopper/hopper
    healthy                              eks-gallery host/host
    pi-trust-missing-tagsession          eks-gallery imports/imports
    healthy                              eks-gallery ingress/ingress
    pia-other-service-account            eks-gallery inventory/inventory
    irsa-annotation-missing              eks-gallery invoices/invoices
    healthy + not-iam                    eks-gallery janitor/janitor
    token-expired-not-reread             eks-gallery kiosks/kiosks
    irsa-arn-malformed                   eks-gallery labels/labels
    sts-module-missing                   eks-gallery lanterns/lanterns
    encoded-denial                       eks-gallery launchers/launchers
    security-group-for-pods              eks-gallery ledgers/ledgers
    rcp-deny                             eks-gallery letters/letters
    role-arn-override                    eks-gallery lookalikes/lookalikes
    sts-wrong-endpoint                   eks-gallery lookouts/lookouts
    irsa-scp-denies-webidentity          eks-gallery loyalty/loyalty
    no-credentials-no-identity + imds-blocked eks-gallery mailer/mailer
    container-skipped                    eks-gallery menus/menus
    other-webhook-removed-env            eks-gallery meshed/meshed
    pi-trust-condition-mismatch          eks-gallery moved/moved
    association-quota                    eks-gallery multitude/multitude
    agent-bearer-prefix                  eks-gallery n8n/n8n
    node-role-lacks-eks-auth             eks-gallery narrow/narrow
    pi-session-policy-denies             eks-gallery narrowed/narrowed
    healthy                              eks-gallery neighbours/neighbours
    healthy + not-iam                    eks-gallery operator/operator
    pi-trust-missing-principal           eks-gallery orphans/orphans
    wrong-account-or-region              eks-gallery overseas/overseas
    resource-policy-missing-cross-account eks-gallery partners/partners
    inconclusive + s3-bare-403           eks-gallery pictures/pictures
    policy-not-attached + addon-owned-association eks-gallery plugin/plugin
    static-keys-override                 eks-gallery postbox/postbox
    permissions-boundary                 eks-gallery postman/postman
    vpc-endpoint-policy-deny             eks-gallery previews/previews
    irsa-trust-aud-mismatch              eks-gallery prices/prices
    hostnetwork-node-role                eks-gallery probe/probe
    profile-override                     eks-gallery profiles/profiles
    proxy-no-no_proxy                    eks-gallery proxied/proxied
    app-bypasses-default-chain           eks-gallery pumps/pumps
    healthy                              eks-gallery quiet/quiet
    pod-uses-default-sa                  eks-gallery quotes/quotes
    pod-older-than-annotation            eks-gallery ratings/ratings
    irsa-role-missing                    eks-gallery refunds/refunds
    pi-target-role-trust                 eks-gallery relay/relay
    irsa-trust-no-federated + irsa-trust-size-limit eks-gallery returns/returns
    policy-not-default-version           eks-gallery reviews/reviews
    healthy                              eks-gallery rotated/rotated
    throttling-not-denial                eks-gallery rush/rush
    scp-deny                             eks-gallery scans/scans
    node-role-fallback-no-identity       eks-gallery scraper/scraper
    oidc-audience-not-registered         eks-gallery search/search
    sa-created-after-pod-race            eks-gallery seats/seats
    healthy + not-iam                    eks-gallery secrets/secrets
    clock-skew                           eks-gallery sensors/sensors
    pod-identity-unsupported-compute     eks-gallery serverless/serverless
    healthy                              eks-gallery shelves/labels-printer
    identity-policy-missing-action + shared-sa-overprivileged eks-gallery shelves/shelves
    irsa-trust-no-federated              eks-gallery shipping/shipping
    pi-trust-missing-principal           eks-gallery silent/silent
    pi-trust-condition-mismatch          eks-gallery staging/staging
    irsa-trust-wildcard-with-stringequals eks-gallery stock/stock
    healthy + not-iam                    eks-gallery streams/streams
    pi-scp-on-trust                      eks-gallery subscriptions/subscriptions
    agent-throttled                      eks-gallery swarm/swarm
    session-policy-deny                  eks-gallery tailors/tailors
    irsa-trust-conditions-anded          eks-gallery taxes/taxes
    identity-policy-condition-mismatch   eks-gallery tenants/tenants
    pi-packed-policy-too-large           eks-gallery the-department-of-very-long-names-in-the-head-office/the-importer-of-the-quarterly-figures-of-every-branch
    no-credentials-no-identity + imds-hop-limit-1 eks-gallery thumbnails/thumbnails
    pia-and-irsa-both                    eks-gallery thumbs/thumbs
    irsa-annotation-wrong-key            eks-gallery tickets/tickets
    healthy                              eks-gallery tokenless/tokenless
    pod-older-than-association + pi-trust-missing-principal eks-gallery triple/triple
    pia-other-cluster                    eks-gallery twins/twins
    pi-trust-condition-mismatch          eks-gallery untagged/untagged
    eks-auth-unreachable                 eks-gallery vault-sync/vault-sync
    stale-principal-in-resource-policy   eks-gallery vault/vault
    networkpolicy-blocks-agent           eks-gallery walled/walled
    networkpolicy-blocks-agent + proxy-no-no_proxy eks-gallery walls/walls
    irsa-trust-wrong-action              eks-gallery warehouse/warehouse
    agent-empty-token                    eks-gallery wiki/wiki
    identity-policy-missing-action       eks-gallery wishlist/wishlist
    agent-addon-missing                  eks-without-agent invoices/invoices
    ipv6-cluster-address                 eks-ipv6 sixes/sixes
    webhook-configuration-missing        eks-no-webhook desks/desks
    webhook-url-unreachable              eks-webhook-moved lamps/lamps
    webhook-pod-down                     eks-webhook-down chairs/chairs
    oidc-provider-missing + oidc-provider-quota eks-no-provider rugs/rugs
    oidc-issuer-unreachable              eks-issuer-out beds/beds
    cluster-version-unsupported          eks-elderly elderly/elderly"
  `);
});
