import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { deployedRights } from "./deployed.ts";
import { type PrivateRedis, startRedis } from "./redis.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import { type Service, type ServiceRole, startService } from "./service.ts";
import { type LocalSlack, startLocalSlack } from "./slack/local-slack.ts";
import { galleryThemes, stories } from "./stories/index.ts";
import type { Story } from "./stories/story.ts";

export interface DemoOptions {
  /** For configuration and kubeconfigs; the caller removes it. */
  readonly folder: string;
  readonly slackPort: number;
  /** A Redis to use; null: a private one is started. */
  readonly redisUrl: string | null;
  /** Also the clusters of the gallery; not by default. */
  readonly gallery?: boolean;
  readonly onLog?: (role: ServiceRole, line: string) => void;
}

export interface Demo {
  /** The Slack page; null where the platform has no local Slack: then only the clusters run. */
  readonly slackUrl: string | null;
  readonly slack: LocalSlack | null;
  readonly sandbox: Sandbox;
  readonly service: Service | null;
  readonly redisUrl: string;
  /** Lines for a shell that let the command line ask the simulated clusters. */
  readonly shellEnvironment: string;
  /** What there is to ask about, by theme. */
  readonly themes: readonly DemoTheme[];
  reset(): Promise<void>;
  close(): Promise<void>;
}

interface DemoTheme {
  readonly title: string;
  /** `question` as `why` takes it. */
  readonly stories: readonly { readonly question: string; readonly about: string }[];
}

/** Everything at once: Redis, the simulated account and clusters, a Slack page, and the product's three processes. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of opened.splice(0).toReversed()) await part.close();
  };
  try {
    let redis: PrivateRedis | null = null;
    if (options.redisUrl === null) {
      redis = await startRedis();
      opened.push(redis);
    }
    const redisUrl = redis?.url ?? options.redisUrl ?? "";
    const sandbox = await startSandbox({ ...(await deployedRights()), gallery: options.gallery ?? false });
    opened.push(sandbox);
    const slack = await startLocalSlack({ port: options.slackPort });
    let service: Service | null = null;
    if (slack !== null) {
      opened.push(slack);
      service = await startService({
        sandbox,
        folder: options.folder,
        redisUrl,
        slack,
        approvers: [slack.users.bob, slack.users.carol],
        digestChannel: slack.channels.platformAws,
        ...(options.onLog === undefined ? {} : { onLog: options.onLog }),
      });
      opened.push(service);
    }
    return {
      slackUrl: slack?.url ?? null,
      slack,
      sandbox,
      service,
      redisUrl,
      shellEnvironment: await shellEnvironment(sandbox, options.folder),
      themes: [
        { title: "In the first clusters", stories: stories.map(questionOf) },
        ...(options.gallery === true ? galleryThemes : []).map((theme) => ({
          title: theme.title,
          stories: theme.stories.map(questionOf),
        })),
      ],
      async reset() {
        await sandbox.reset();
        await forget(redisUrl);
        await slack?.reset();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const firstCluster = "eks-workshop";

function questionOf({ cluster, namespace, name, about, expect }: Story): DemoTheme["stories"][number] {
  return {
    question: `${namespace}/${name}${cluster === firstCluster ? "" : ` --cluster ${cluster}`}`,
    about: about ?? expect.ruleId ?? "healthy",
  };
}

/** Forgets questions and audits. Jobs that wait for them find nothing and end. */
async function forget(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    const keys = await redis.keys("eksiam:*");
    if (keys.length > 0) await redis.del(...keys);
  } finally {
    redis.disconnect();
  }
}

async function shellEnvironment(sandbox: Sandbox, folder: string): Promise<string> {
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("investigator"), { mode: 0o600 });
  const variables = { KUBECONFIG: kubeconfig, ...sandbox.awsEnv("investigator") };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join("");
}
