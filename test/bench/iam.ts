/*
 * Evaluations a second of src/core/iam, policies compiled once: npm run bench:iam
 */
import { cpus } from "node:os";
import { createCaseReader } from "../../src/core/iam/case-reader.ts";
import { evaluate } from "../../src/core/iam/evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "../../src/core/iam/policy.ts";

const secondsEach = 1.5;

const documentOf = (Statement: readonly object[]) => ({ Version: "2012-10-17", Statement });

function policy(name: string, statements: readonly object[], kind: PolicyKind = "identity"): NamedPolicy {
  const parsed = parsePolicy(documentOf(statements), kind);
  if (!parsed.ok) throw new Error(`${parsed.error.place}: ${parsed.error.message}`);
  return { name, policy: parsed.value };
}

const table = (number: number) => `arn:aws:dynamodb:eu-west-1:111122223333:table/T${number}`;

const organization = [
  { Effect: "Allow", Action: "*", Resource: "*" },
  { Effect: "Deny", Action: ["organizations:*", "account:*"], Resource: "*" },
  {
    Effect: "Deny",
    NotAction: ["iam:*", "sts:*", "dynamodb:*", "s3:*"],
    Resource: "*",
    Condition: { StringNotEquals: { "aws:RequestedRegion": ["eu-west-1"] } },
  },
];
const controlPolicies = [[policy("organization", organization, "scp")]];

function tables(count: number): readonly object[] {
  return Array.from({ length: count }, (_, number) => ({
    Effect: "Allow",
    Action: ["dynamodb:Query", "s3:Get*"],
    Resource: [table(number), `${table(number)}/index/*`],
    Condition: { StringEquals: { "aws:PrincipalTag/team": "a" } },
  }));
}

const context = { "aws:PrincipalTag/team": ["a"], "aws:RequestedRegion": ["eu-west-1"] };
const principal = "arn:aws:sts::111122223333:assumed-role/carts/session";

/** Times `ask`, and says what it said. */
function measure(label: string, ask: (turn: number) => string): void {
  let turn = 0;
  const warm = performance.now();
  while (performance.now() - warm < 300) ask(turn++);
  const started = performance.now();
  const first = turn;
  while (performance.now() - started < secondsEach * 1_000) for (let k = 0; k < 100; k++) ask(turn++);
  const perSecond = (turn - first) / ((performance.now() - started) / 1_000);
  process.stdout.write(
    `${label.padEnd(46)} ${Math.round(perSecond).toLocaleString("en").padStart(9)} a second  ${ask(1)}\n`,
  );
}

function measureCompiled(
  label: string,
  identityPolicies: readonly NamedPolicy[],
  resource: (turn: number) => string,
  action = "dynamodb:Query",
): void {
  const layers = { identityPolicies, serviceControlPolicies: controlPolicies };
  measure(
    label,
    (turn) => evaluate({ principal, action, resource: resource(turn), context }, layers).decision,
  );
}

/** As `eksiam simulate --jsonl` does it: the case is read from JSON, with its policies, and answered as JSON. */
function measureJson(label: string, statements: readonly object[], resource: (turn: number) => string): void {
  const read = createCaseReader();
  const identityPolicies = JSON.stringify([{ name: "tables", document: documentOf(statements) }]);
  const organizations = JSON.stringify([[{ name: "organization", document: documentOf(organization) }]]);
  const policies = `"identityPolicies":${identityPolicies},"serviceControlPolicies":${organizations}`;
  const lines = Array.from({ length: 200 }, (_, id) => {
    const request = { principal, action: "dynamodb:Query", resource: resource(id), context };
    return Buffer.from(`{"id":${id},"request":${JSON.stringify(request)},${policies}}`);
  });
  measure(label, (turn) => {
    const one = read(String(lines[turn % lines.length]), "a line");
    if (!one.ok) throw new Error(one.error);
    const { decision, ...why } = evaluate(one.value.request, one.value.layers);
    return JSON.stringify({ decision, ...why }).length > 0 ? decision : "";
  });
}

process.stdout.write(
  `one core of ${cpus()[0]?.model}; Node ${process.version}; with one service control policy\n`,
);
const one = [{ Effect: "Allow", Action: "dynamodb:*", Resource: table(1) }];
measureCompiled("1 statement, allowed", [policy("one", one)], () => table(1));
measureCompiled("1 statement, no resource fits", [policy("one", one)], () => table(2));
measureJson("1 statement, allowed, from JSON", one, () => table(1));
for (const count of [91, 501]) {
  const policies = [policy("tables", tables(count))];
  measureCompiled(`${count} statements, allowed`, policies, (turn) => table(turn % count));
  measureCompiled(`${count} statements, no resource fits`, policies, () => table(9_999));
  measureCompiled(
    `${count} statements, the action is nowhere named`,
    policies,
    () => table(9_999),
    "dynamodb:PutItem",
  );
  measureJson(`${count} statements, allowed, from JSON`, tables(count), (turn) => table(turn % count));
}
