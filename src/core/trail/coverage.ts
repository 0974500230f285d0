import type { EventSelector, TrailFacts } from "../facts/trail.ts";
import { dataEventType } from "./data-events.ts";

/** A call as its denial tells it. */
export interface AskedCall {
  /** `dynamodb:Query` */
  readonly action: string;
  /** ARN; null: not told. */
  readonly resource: string | null;
}

type Answer = "yes" | "no" | "unknown";

/**
 * Could the source that was read hold such a call at all? Event history holds management events and no others; a store
 * or a trail holds what its selectors name. `unknown`: its selectors could not be read, or rest on what is not known of
 * the call.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
 */
export function couldHold({ source, selectors, historyToo }: TrailFacts, call: AskedCall): Answer {
  const management = dataEventType(call.action) === null;
  if (source === undefined || source.kind === "event-history") return management ? "yes" : "no";
  if (historyToo === true && management) return "yes";
  if (selectors == null) return "unknown";
  return any(selectors.map((selector) => selects(selector, call)));
}

/** Does the source record management events, such as the assumption of roles, of these services? */
export function holdsManagementEvents(facts: Pick<TrailFacts, "source" | "selectors">): Answer {
  const { source, selectors } = facts;
  if (source === undefined || source.kind === "event-history") return "yes";
  if (selectors == null) return "unknown";
  return any(selectors.map((selector) => selects(selector, { action: "sts:AssumeRole", resource: null })));
}

/** All conditions of a rule have to hold. */
function selects({ conditions }: EventSelector, call: AskedCall): Answer {
  return all(conditions.map((condition) => holds(condition, call)));
}

type Condition = EventSelector["conditions"][number];

function holds(condition: Condition, call: AskedCall): Answer {
  const type = dataEventType(call.action);
  switch (condition.field) {
    case "eventCategory":
      return matches(condition, type === null ? "Management" : "Data");
    case "resources.type":
      return type === null ? "no" : holdsType(condition, type);
    case "resources.ARN":
      return call.resource === null || !call.resource.startsWith("arn:")
        ? "unknown"
        : matches(condition, call.resource);
    case "eventSource": {
      const prefix = call.action.slice(0, call.action.indexOf(":"));
      return matches(condition, `${prefix}.amazonaws.com`);
    }
    case "readOnly": {
      const readOnly = isReadOnly(call.action);
      return readOnly === null ? "unknown" : matches(condition, String(readOnly));
    }
    case "eventName":
      return holdsName(condition, call.action);
    default:
      // Who calls, and the kind of the event: a rule on these is narrower than what is known here.
      return "unknown";
  }
}

/** Services record under several types, of which the denial's action does not always tell which. */
function holdsType(condition: Condition, type: string): Answer {
  if (condition.values.includes(type)) return matches(condition, type);
  const service = type.slice(0, type.lastIndexOf("::") + 2);
  const near = condition.values.some((value) => value.startsWith(service));
  return near ? "unknown" : matches(condition, type);
}

/** Calls whose name in an event is not that of the IAM action. */
const otherNames = /^(?:s3|lambda|dynamodb:PartiQL|dynamodb:ConditionCheck)/;

function holdsName(condition: Condition, action: string): Answer {
  if (otherNames.test(action)) return "unknown";
  return matches(condition, action.slice(action.indexOf(":") + 1));
}

function matches({ operator, values }: Condition, actual: string): Answer {
  const tests: Readonly<Record<Condition["operator"], (value: string) => boolean>> = {
    equals: (value) => value === actual,
    startsWith: (value) => actual.startsWith(value),
    endsWith: (value) => actual.endsWith(value),
    notEquals: (value) => value === actual,
    notStartsWith: (value) => actual.startsWith(value),
    notEndsWith: (value) => actual.endsWith(value),
  };
  const matched = values.some(tests[operator]);
  return matched !== operator.startsWith("not") ? "yes" : "no";
}

/** What an action's name tells; null: nothing. */
function isReadOnly(action: string): boolean | null {
  const name = action.slice(action.indexOf(":") + 1);
  if (/^(?:Get|List|Describe|Head|Query|Scan|BatchGet|Lookup|Search|Select)/.test(name)) return true;
  if (/^(?:Put|Create|Update|Delete|Write|BatchWrite|Send|Publish|Tag|Untag|Attach|Run)/.test(name))
    return false;
  if (/^Assume(?:Role|RoleWith)/.test(name)) return true;
  return null;
}

function all(answers: readonly Answer[]): Answer {
  if (answers.includes("no")) return "no";
  return answers.includes("unknown") ? "unknown" : "yes";
}

function any(answers: readonly Answer[]): Answer {
  if (answers.includes("yes")) return "yes";
  return answers.includes("unknown") ? "unknown" : "no";
}
