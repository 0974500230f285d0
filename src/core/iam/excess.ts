import { parseArn } from "./arn.ts";
import type { NeededAccess } from "./least-privilege.ts";
import type { NamedPolicy, Statement } from "./policy.ts";
import { covers } from "./wildcard.ts";

/** What a statement allows beyond a need. */
interface Surplus {
  /** For people: `s3:*`, `dynamodb:Query on arn:aws:dynamodb:*:*:table/*`. */
  readonly text: string;
  /** How far it goes, for comparing roles: an action more is 1, everything everywhere the most. */
  readonly weight: number;
}

/**
 * What policies allow beyond a need, sorted: other actions than the needed ones, and needed ones on far more than the
 * denied resources. Below the denied bucket, table or path an Allow may reach further: that is no surplus. Empty:
 * nothing beyond.
 */
export function excess(policies: readonly NamedPolicy[], needed: readonly NeededAccess[]): readonly string[] {
  return [...new Set(surplusOf(policies, needed).map(({ text }) => text))].sort();
}

/** Of that, what goes far beyond any need of one workload: whole services, or wildcards over all resources of a kind. */
export function farBeyond(
  policies: readonly NamedPolicy[],
  needed: readonly NeededAccess[],
): readonly string[] {
  const far = surplusOf(policies, needed).filter(({ weight }) => weight >= 100);
  return [...new Set(far.map(({ text }) => text))].sort();
}

/** How much policies allow beyond a need, as a number that only compares: the wider, the greater. */
export function excessWeight(policies: readonly NamedPolicy[], needed: readonly NeededAccess[]): number {
  return surplusOf(policies, needed).reduce((sum, { weight }) => sum + weight, 0);
}

function surplusOf(policies: readonly NamedPolicy[], needed: readonly NeededAccess[]): readonly Surplus[] {
  return policies.flatMap(({ policy }) =>
    policy.statements
      .filter(({ effect }) => effect === "Allow")
      .flatMap((statement) => surplusOfStatement(statement, needed)),
  );
}

function surplusOfStatement(statement: Statement, needed: readonly NeededAccess[]): readonly Surplus[] {
  const { not, texts } = statement.actions;
  const reach = reachOf(statement);
  const where = reach === "everything" ? "" : ` on ${shown(resourceTexts(statement))}`;
  const factor = reach === "everything" ? 10 : reach === "kinds" ? 5 : 1;
  if (not) return [{ text: `everything but ${texts.join(", ")}${where}`, weight: 1000 * factor }];
  return texts.flatMap((text): readonly Surplus[] => {
    const needs = needed.filter(({ action }) => covers(text, action));
    if (/[*?]/.test(text) || needs.length === 0) {
      return [{ text: `${text}${where}`, weight: widthOf(text) * factor }];
    }
    const far = needs.some(({ resource }) => resource !== null) && goesFar(statement, needs);
    if (!far) return [];
    return [
      {
        text: `${text} on ${reach === "everything" ? "every resource" : shown(resourceTexts(statement))}`,
        weight: factor,
      },
    ];
  });
}

function widthOf(action: string): number {
  if (action === "*") return 1000;
  if (/^[^*?]+:\*$/.test(action)) return 100;
  return /[*?]/.test(action) ? 20 : 1;
}

function resourceTexts({ resources }: Statement): readonly string[] {
  const texts = (resources?.templates ?? []).map(({ source }) => source);
  return resources?.not === true ? [`everything but ${texts.join(", ")}`] : texts;
}

function shown(texts: readonly string[]): string {
  return texts.length <= 2
    ? texts.join(" and ")
    : `${texts.slice(0, 2).join(", ")} and ${texts.length - 2} more`;
}

/**
 * How far a statement reaches: `everything`, all of a kind (every table of the account), or `some` resources. A
 * condition may narrow it to nothing that shows here, so such a statement counts as `some`.
 */
export function reachOf({ resources, conditions }: Statement): "everything" | "kinds" | "some" {
  if (conditions.length > 0) return "some";
  if (resources === null || resources.not) return "everything";
  const texts = resources.templates.map(({ source }) => source);
  if (texts.some((text) => covers(text, "arn:aws:any-service:any-region:any-account:any/thing")))
    return "everything";
  return texts.some(isWholeKind) ? "kinds" : "some";
}

/** `arn:aws:s3:::*`, `arn:aws:dynamodb:eu-west-1:111122223333:table/*`, `…:function:*`. */
function isWholeKind(text: string): boolean {
  const arn = parseArn(text);
  if (arn === null) return false;
  // What stands before the slash is a bucket's name there, not a kind.
  const kinds = arn.service === "s3" ? /^\*+(\/\*+)?$/ : /^([\w-]{1,40}[:/])?\*+(\/\*+)?$/;
  return kinds.test(arn.resource);
}

/** Does it reach beyond the denied resources, and what lies below them, to others of other names? */
function goesFar({ resources, conditions }: Statement, needs: readonly NeededAccess[]): boolean {
  if (conditions.length > 0) return false;
  if (resources === null || resources.not) return true;
  const others = needs.flatMap(({ resource }) => (resource === null ? [] : siblingsOf(resource)));
  return resources.templates.some(({ source }) => others.some((other) => covers(source, other)));
}

/** The same in a bucket, table, queue, … of other names: one whose name begins alike, and one with nothing in common. */
function siblingsOf(resource: string): readonly string[] {
  const arn = parseArn(resource);
  if (arn === null) return [`${resource}-another`, "another"];
  const { partition, service, region, accountId } = arn;
  const [, kind = "", name = ""] =
    (service === "s3" ? /^()([^/]+)/ : /^([\w-]+[:/]\/?)?([^:/]+)/).exec(arn.resource) ?? [];
  const below = arn.resource.slice(kind.length + name.length);
  return [`${name}-another`, "another"].map(
    (other) => `arn:${partition}:${service}:${region}:${accountId}:${kind}${other}${below}`,
  );
}
