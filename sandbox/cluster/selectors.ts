import type { KubeObject, LabelSelector } from "./objects.ts";
import { badRequest } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

/** An empty selector matches everything, as in webhooks and network policies. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    if (labels[key] !== value) return false;
  }
  return (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const actual = labels[key];
    if (operator === "Exists") return actual !== undefined;
    if (operator === "DoesNotExist") return actual === undefined;
    if (operator === "In") return actual !== undefined && values.includes(actual);
    return actual === undefined || !values.includes(actual);
  });
}

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k` */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = splitOutsideParentheses(text).map(parseRequirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseRequirement(text: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    if (operator === "in") return (labels) => values.includes(labels[key] ?? "") && labels[key] !== undefined;
    return (labels) => labels[key] === undefined || !values.includes(labels[key]);
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text);
  if (equality !== null) {
    const [, key = "", operator, value = ""] = equality;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = /^(!?)([^\s=!(),]+)$/.exec(text);
  if (existence === null) throw badRequest(`unable to parse requirement: couldn't parse "${text}"`);
  const [, not, key = ""] = existence;
  return not === "!" ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
}

const podFields = new Set([
  "metadata.name",
  "metadata.namespace",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.hostNetwork",
  "status.phase",
  "status.podIP",
  "status.nominatedNodeName",
]);
const eventFields = new Set([
  "metadata.name",
  "metadata.namespace",
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.fieldPath",
  "reason",
  "reportingComponent",
  "source",
  "type",
]);
const otherFields = new Set(["metadata.name", "metadata.namespace"]);

/** The few fields that the API server can select by; any other is a bad request, as it is there. */
export function parseFieldSelector(kind: string, text: string): (object: KubeObject) => boolean {
  const supported = kind === "Pod" ? podFields : kind === "Event" ? eventFields : otherFields;
  const requirements = text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = "", operator, value = ""] = match;
      if (!supported.has(field)) throw badRequest(`field label not supported: ${field}`);
      return { field, negated: operator === "!=", value };
    });
  return (object) =>
    requirements.every(({ field, negated, value }) => (fieldText(object, field) === value) !== negated);
}

function fieldText(object: KubeObject, field: string): string {
  let value: unknown = object;
  for (const part of field.split(".")) {
    value =
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  if (field === "source" && typeof value === "object" && value !== null) {
    return String((value as Record<string, unknown>)["component"] ?? "");
  }
  return value === undefined || value === null ? "" : String(value);
}
