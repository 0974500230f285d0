import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { parsePath, verbOf } from "../../sandbox/cluster/api/request.ts";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { type Io, run } from "../../src/main/commands.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, with its output caught. */
export async function eksiam(
  argv: readonly string[],
  {
    env = process.env,
    terminal = false,
    stdin = [],
    typing = false,
  }: {
    env?: NodeJS.ProcessEnv;
    terminal?: boolean;
    stdin?: readonly (string | Uint8Array)[];
    typing?: boolean;
  } = {},
): Promise<Ran> {
  const written = { out: "", err: "" };
  const stream = (to: "out" | "err") =>
    ({
      isTTY: terminal,
      write: (text: string) => {
        written[to] += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
  const pieces = Readable.from(stdin.map((chunk) => Buffer.from(chunk)));
  const input = Object.assign(pieces, { isTTY: typing });
  const io: Io = { env, stdin: input, stdout: stream("out"), stderr: stream("err") };
  const code = await run(argv, io);
  return { code, ...written };
}

export interface Served {
  readonly sandbox: Sandbox;
  readonly folder: string;
  /** What the investigator asked the clusters for since it was last emptied, as `get pods/log`. */
  readonly askedOfClusters: Set<string>;
  /** The requests themselves, as `GET /api/v1/…`, one an entry. */
  readonly asked: string[];
  /** Leaves nothing to ask with: no credentials, no kubeconfig. */
  disconnect(): void;
  close(): Promise<void>;
}

/** CloudTrail's pace is tested by itself: the other tests do not wait for it. */
export const quickLookups = 1_000;

/** A configuration of both clusters that asks CloudTrail as fast as the sandbox lets it. Answers its path. */
export async function writeQuickConfig(folder: string, { clusters, region }: Sandbox): Promise<string> {
  const path = join(folder, "quick.yaml");
  const entries = Object.keys(clusters).map((name) => ({ name, region, context: name }));
  await writeFile(
    path,
    JSON.stringify({ clusters: entries, cloudtrail: { lookupsPerSecond: quickLookups } }),
  );
  return path;
}

/** The sandbox with exactly the rights that are deployed, and this process as its investigator. */
export async function serve(): Promise<Served> {
  const before = { ...process.env };
  const folder = await mkdtemp(join(tmpdir(), "eksiam-e2e-"));
  // The programs stand still, so that two answers to one question rest on the same evidence.
  const sandbox = await startSandbox({
    ...(await deployedRights()),
    tickMs: 0,
    paceMs: 2,
    lookupsPerSecond: quickLookups,
  });
  const askedOfClusters = new Set<string>();
  const asked: string[] = [];
  let kubeconfig = sandbox.kubeconfig("investigator");
  const proxies = await Promise.all(
    Object.values(sandbox.clusters).map(({ url }) => startRecorder(url, askedOfClusters, asked)),
  );
  for (const proxy of proxies) kubeconfig = kubeconfig.replaceAll(proxy.target, proxy.url);
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeconfig);
  Object.assign(process.env, sandbox.awsEnv("investigator"), {
    KUBECONFIG: path,
    EKSIAM_CONFIG: await writeQuickConfig(folder, sandbox),
  });
  return {
    sandbox,
    folder,
    askedOfClusters,
    asked,
    disconnect() {
      for (const name of Object.keys(sandbox.awsEnv("investigator"))) delete process.env[name];
      delete process.env["EKSIAM_CONFIG"];
      process.env["KUBECONFIG"] = join(folder, "none");
    },
    async close() {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
      for (const proxy of proxies) proxy.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Hands requests on to a cluster and notes which permission each needs: what is asked for is seen, not assumed. */
async function startRecorder(target: string, permissions: Set<string>, asked: string[]) {
  const server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? "/", target);
    const path = parsePath(url.pathname);
    asked.push(`${incoming.method} ${incoming.url}`);
    if (path !== null) {
      const resource = path.subresource === "" ? path.plural : `${path.plural}/${path.subresource}`;
      const verb = verbOf(incoming.method ?? "GET", path.name, url.searchParams);
      permissions.add(`${verb} ${path.group === "" ? resource : `${resource}.${path.group}`}`);
    }
    try {
      const headers = {
        authorization: incoming.headers.authorization ?? "",
        ...(incoming.headers["content-type"] === undefined
          ? {}
          : { "content-type": incoming.headers["content-type"] }),
      };
      const method = incoming.method ?? "GET";
      const body = method === "GET" ? {} : { body: await text(incoming) };
      const answer = await fetch(url, { method, headers, ...body });
      const type = answer.headers.get("content-type") ?? "application/json";
      response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target,
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
