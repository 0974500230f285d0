import { carts } from "./carts.ts";
import { catalog } from "./catalog.ts";
import { checkout } from "./checkout.ts";
import { agent } from "./gallery/agent.ts";
import { credentials } from "./gallery/credentials.ts";
import { healthy } from "./gallery/healthy.ts";
import { irsa } from "./gallery/irsa.ts";
import { noIdentity } from "./gallery/no-identity.ts";
import { operators } from "./gallery/operators.ts";
import { podIdentity } from "./gallery/pod-identity.ts";
import { podIdentityRoles } from "./gallery/pod-identity-roles.ts";
import { policy } from "./gallery/policy.ts";
import { runtime } from "./gallery/runtime.ts";
import { several } from "./gallery/several.ts";
import { trust } from "./gallery/trust.ts";
import { wholeClusters } from "./gallery/webhook.ts";
import { ledger } from "./ledger.ts";
import { orders } from "./orders.ts";
import { payments } from "./payments.ts";
import { reports } from "./reports.ts";
import type { Story, Theme } from "./story.ts";
import { ui } from "./ui.ts";

/** The stories of every sandbox, each in its namespace, with what a diagnosis has to say about it. */
export const stories: readonly Story[] = [carts, orders, reports, catalog, checkout, ui, payments, ledger];

/** Those of the clusters of the gallery, by theme. */
export const galleryThemes: readonly Theme[] = [
  noIdentity,
  podIdentity,
  agent,
  podIdentityRoles,
  irsa,
  wholeClusters,
  trust,
  runtime,
  credentials,
  policy,
  operators,
  several,
  healthy,
];

export const galleryStories: readonly Story[] = galleryThemes.flatMap((theme) => theme.stories);
