import { carts } from "./carts.ts";
import { catalog } from "./catalog.ts";
import { checkout } from "./checkout.ts";
import { ledger } from "./ledger.ts";
import { orders } from "./orders.ts";
import { payments } from "./payments.ts";
import { reports } from "./reports.ts";
import type { Story } from "./story.ts";
import { ui } from "./ui.ts";

/** Every story, each in its namespace, with what a diagnosis has to say about it. */
export const stories: readonly Story[] = [carts, orders, reports, catalog, checkout, ui, payments, ledger];
