import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rules } from "../../src/rules/index.ts";
import { eksiam, type Served, serve } from "../e2e/support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

/** A file with this text, by its path. */
async function file(name: string, text: string): Promise<string> {
  const path = join(served.folder, name);
  await writeFile(path, text);
  return path;
}

const red = "\u001b[31m";

describe("wrong usage says what to do, prints no document, and exits with 2", () => {
  test.each([
    ["no workload", ["why"], /<namespace>\/<name>.*got no workload/],
    ["no namespace", ["why", "carts"], /<namespace>\/<name>.*"carts"/],
    ["three parts", ["why", "a/b/c"], /<namespace>\/<name>/],
    ["capitals", ["why", "Carts/carts"], /<namespace>\/<name>/],
    ["a hostile name", ["why", `carts/${red}carts`], /got "carts\/\\u001b\[31mcarts"/],
    ["an unknown kind", ["why", "carts/carts", "--kind", "service"], /Known kinds: Deployment/],
    ["a malformed duration", ["why", "carts/carts", "--since", "soon"], /not a duration such as/],
    [
      "an unknown format",
      ["why", "carts/carts", "--output", "xml"],
      /Allowed choices are text, json, markdown/,
    ],
    ["an unknown option", ["why", "carts/carts", "--guess"], /unknown option '--guess'/],
    ["an unknown command", ["explain"], /unknown command 'explain'/],
    ["no file to write", ["collect", "carts/carts"], /--out <file>/],
    ["an unknown role", ["start", "--role", "boss"], /Allowed choices are all, bot/],
    ["an impossible port", ["demo", "--port", "70000"], /0 to 65535/],
    ["an unknown rule", ["rules", "no-such-rule"], /no rule no-such-rule.*eksiam rules/],
    ["a cluster nobody knows", ["why", "carts/carts", "--cluster", "prod"], /No context.*prod.*--context/],
    ["a context nobody knows", ["why", "carts/carts", "--context", "prod"], /context/],
    ["no configuration", ["why", "carts/carts", "--config", "/none/eksiam.yaml"], /docs\/configuration\.md/],
    ["no bundle", ["why", "--bundle", "/none/carts.json"], /cannot be read.*eksiam collect/],
    ["no audit", ["audit", "--since-last", "/none/audit.json"], /eksiam audit --output json/],
  ] as const)("%s", async (_, argv, message) => {
    const { code, out, err } = await eksiam(argv);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).not.toContain("\u001b");
    expect(err).not.toMatch(/\n\s+at /);
  });

  test.each([
    ["not JSON", "{", /is not JSON/],
    ["not a bundle", "[]", /is not a bundle/],
    ["of another schema", '{"schema":"eksiam/bundle/v9"}', /is not a bundle of eksiam: schema/],
    [
      "of hostile keys",
      JSON.stringify({
        schema: "eksiam/bundle/v1",
        question: { cluster: "a", namespace: "b", name: "c", kind: null, container: null, sinceSeconds: 1 },
        collectedAt: "2026-01-02T03:04:05Z",
        evidence: { [`${red}k8s.pods`]: { status: "seen" } },
      }),
      /is not a bundle of eksiam: evidence\./,
    ],
  ])("a bundle that is %s", async (name, text, message) => {
    const path = await file(`${name}.json`, text);
    const { code, out, err } = await eksiam(["why", "--bundle", path, "--output", "json"]);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).not.toContain("\u001b");
  });

  test.each([
    ["not JSON", "{"],
    ["another document", '{"schema":"eksiam/diagnosis/v1"}'],
    ["an audit of nothing", '{"schema":"eksiam/audit/v1","workloads":[null]}'],
    ["an audit of halves", '{"schema":"eksiam/audit/v1","workloads":[{"conclusion":"cause-found"}]}'],
  ])("a last audit that is %s", async (name, text) => {
    const path = await file(`audit ${name}.json`, text);
    const { code, out, err } = await eksiam(["audit", "--namespace", "ui", "--since-last", path]);
    expect(err).toMatch(/is not an audit.*eksiam audit --output json/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  test("a configuration names every wrong field", async () => {
    const text =
      "clusters:\n  - name: ''\n    regoin: us-west-2\ndigests:\n  - cron: x\nhttp: { port: 70000 }\n";
    const path = await file("eksiam.yaml", text);
    const { code, err } = await eksiam(["why", "carts/carts", "--config", path]);
    expect(code).toBe(2);
    for (const field of [
      "clusters.0.name",
      "clusters.0.region",
      "regoin",
      "digests.0.cron",
      "digests.0.channel",
      "http.port",
    ]) {
      expect(err).toContain(field);
    }
    const environment = { ...process.env, EKSIAM_CONFIG: path };
    expect((await eksiam(["audit"], { env: environment })).err).toBe(err);
  });

  test("a digest for a cluster that is not configured, and text that is not YAML", async () => {
    const unknown = await file(
      "digest.yaml",
      "clusters: [{ name: a, region: us-west-2 }]\ndigests: [{ cron: 0 8 * * 1, channel: C1, clusters: [b] }]\n",
    );
    expect((await eksiam(["audit", "--config", unknown])).err).toMatch(/cluster b, which is not configured/);
    const broken = await file("broken.yaml", "clusters: [\n");
    const { code, err } = await eksiam(["audit", "--config", broken]);
    expect(code).toBe(2);
    expect(err).toContain("is not YAML");
  });
});

test("a workload that is not there gets the nearest names", async () => {
  const near = await eksiam(["why", "carts/cart", "--cluster", "eks-workshop", "--output", "json"]);
  expect(near).toMatchObject({ code: 2, out: "" });
  expect(near.err).toMatch(/no workload carts\/cart .*Did you mean carts\/carts/);
  const misspelt = await eksiam(["why", "cart/carts", "--cluster", "eks-workshop"]);
  expect(misspelt.err).toContain("carts/carts");
  const otherKind = await eksiam(["why", "carts/carts", "--kind", "job", "--cluster", "eks-workshop"]);
  expect(otherKind.code).toBe(2);
});

test("a cluster that does not answer is a failed run or a missing permission, never a verdict", async () => {
  served.sandbox.applyRbac("investigator", []);
  const refused = await eksiam(["why", "carts/carts", "--cluster", "eks-workshop", "--output", "json"]);
  const audited = await eksiam(["audit", "--cluster", "eks-workshop", "--output", "json"]);
  expect(refused).toMatchObject({ code: 4, out: "" });
  expect(refused.err).toMatch(/Grant eksiam: get \w+/);
  expect(audited).toMatchObject({ code: 3, out: "" });
  expect(audited.err).toMatch(/Grant eksiam: list \w+/);
});

describe("rules", () => {
  test("lists every rule, one a line", async () => {
    const { code, out, err } = await eksiam(["rules"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(rules.map(({ id }) => id));
  });

  test("as JSON and as Markdown", async () => {
    const json = JSON.parse((await eksiam(["rules", "--output", "json"])).out);
    expect(json.map(({ id }: { id: string }) => id)).toEqual(rules.map(({ id }) => id));
    for (const entry of json) {
      expect(entry).toMatchObject({
        title: expect.any(String),
        stage: expect.any(String),
        aliases: expect.any(Array),
      });
      expect(entry.references.length).toBeGreaterThan(0);
    }
    const markdown = await eksiam(["rules", "--output", "markdown"]);
    expect(markdown.out.trim().split("\n")).toHaveLength(rules.length + 2);
  });

  test.each(rules.map((rule) => [rule.id, rule] as const))(
    "%s, by its id and former names",
    async (id, rule) => {
      const shown = await eksiam(["rules", id]);
      expect(shown.code).toBe(0);
      expect(shown.out).toContain(rule.meta.title);
      expect(shown.out).toContain(`docs/rules/${id}.md`);
      for (const alias of rule.meta.aliases ?? [])
        expect((await eksiam(["rules", alias])).out).toBe(shown.out);
    },
  );
});

describe("help", () => {
  test("goes to standard output and is no error", async () => {
    const { code, out, err } = await eksiam(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of ["why", "collect", "audit", "rules", "start", "demo"])
      expect(out).toContain(command);
  });
});

describe("colour and progress", () => {
  const argv = ["why", "ui/ui", "--cluster", "eks-workshop"];
  beforeAll(async () => {
    const { deployedRights } = await import("../../sandbox/deployed.ts");
    served.sandbox.applyRbac("investigator", (await deployedRights()).rbac.investigator ?? []);
  });

  test("are only for terminals", async () => {
    const piped = await eksiam(argv);
    expect(piped).toMatchObject({ code: 0, err: "" });
    expect(piped.out).not.toContain("\u001b");
    const terminal = await eksiam(argv, { terminal: true });
    expect(terminal.out).toContain("\u001b[");
    expect(terminal.err).toContain("k8s.pods");
  });

  test("NO_COLOR is honoured", async () => {
    const { out } = await eksiam(argv, { terminal: true, env: { ...process.env, NO_COLOR: "1" } });
    expect(out).not.toContain("\u001b");
  });

  test("JSON has none, on a terminal too", async () => {
    const { out } = await eksiam([...argv, "--output", "json"], { terminal: true });
    expect(out).not.toContain("\u001b");
    expect(JSON.parse(out).conclusion).toBe("no-fault-found");
  });
});
