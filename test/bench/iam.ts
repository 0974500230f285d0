/*
 * Evaluations a second of src/core/iam, policies compiled once: npm run bench:iam
 */
import { cpus } from "node:os";
import { evaluate } from "../../src/core/iam/evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "../../src/core/iam/policy.ts";

const secondsEach = 1.5;

function policy(name: string, statements: readonly object[], kind: PolicyKind = "identity"): NamedPolicy {
  const parsed = parsePolicy({ Version: "2012-10-17", Statement: statements }, kind);
  if (!parsed.ok) throw new Error(`${parsed.error.place}: ${parsed.error.message}`);
  return { name, policy: parsed.value };
}

const table = (number: number) => `arn:aws:dynamodb:eu-west-1:111122223333:table/T${number}`;

const organization = [
  [
    policy(
      "organization",
      [
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Effect: "Deny", Action: ["organizations:*", "account:*"], Resource: "*" },
        {
          Effect: "Deny",
          NotAction: ["iam:*", "sts:*", "dynamodb:*", "s3:*"],
          Resource: "*",
          Condition: { StringNotEquals: { "aws:RequestedRegion": ["eu-west-1"] } },
        },
      ],
      "scp",
    ),
  ],
];

function tables(count: number): readonly NamedPolicy[] {
  const statements = Array.from({ length: count }, (_, number) => ({
    Effect: "Allow",
    Action: ["dynamodb:Query", "s3:Get*"],
    Resource: [table(number), `${table(number)}/index/*`],
    Condition: { StringEquals: { "aws:PrincipalTag/team": "a" } },
  }));
  return [policy("tables", statements)];
}

function measure(
  label: string,
  identityPolicies: readonly NamedPolicy[],
  resource: (turn: number) => string,
  action = "dynamodb:Query",
): void {
  const layers = { identityPolicies, serviceControlPolicies: organization };
  const context = { "aws:PrincipalTag/team": ["a"], "aws:RequestedRegion": ["eu-west-1"] };
  const principal = "arn:aws:sts::111122223333:assumed-role/carts/session";
  const ask = (turn: number) => evaluate({ principal, action, resource: resource(turn), context }, layers);
  let turn = 0;
  while (turn < 5_000) ask(turn++);
  const started = performance.now();
  const first = turn;
  while (performance.now() - started < secondsEach * 1_000) for (let k = 0; k < 100; k++) ask(turn++);
  const perSecond = (turn - first) / ((performance.now() - started) / 1_000);
  process.stdout.write(
    `${label.padEnd(46)} ${Math.round(perSecond).toLocaleString("en").padStart(9)} a second  ${ask(1).decision}\n`,
  );
}

process.stdout.write(
  `one core of ${cpus()[0]?.model}; Node ${process.version}; with one service control policy\n`,
);
const one = [policy("one", [{ Effect: "Allow", Action: "dynamodb:*", Resource: table(1) }])];
measure("1 statement, allowed", one, () => table(1));
measure("1 statement, no resource fits", one, () => table(2));
for (const count of [91, 501]) {
  const policies = tables(count);
  measure(`${count} statements, allowed`, policies, (turn) => table(turn % count));
  measure(`${count} statements, no resource fits`, policies, () => table(9_999));
  measure(
    `${count} statements, the action is nowhere named`,
    policies,
    () => table(9_999),
    "dynamodb:PutItem",
  );
}
