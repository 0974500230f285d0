import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { type ChangeKind, changeKinds, defaultChangeKinds } from "../core/plan.ts";
import { ConfigError, durationMs } from "./config-error.ts";

const allKinds = changeKinds as readonly [ChangeKind, ...ChangeKind[]];

const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, "a duration such as 90s, 30m, 1h or 2d")
  .transform(durationMs);

/** Where recorded calls are read; event history by default. */
const trailSchema = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("event-history") }),
  z.strictObject({
    source: z.literal("lake"),
    eventDataStore: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]{1,32}:\d{12}:eventdatastore\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
        "the ARN of an event data store",
      ),
  }),
  z.strictObject({
    source: z.literal("log-group"),
    logGroup: z
      .string()
      .regex(
        /^(arn:aws[a-z-]*:logs:[a-z0-9-]{1,32}:\d{12}:log-group:)?[\w./#-]{1,512}(:\*)?$/,
        "the name or ARN of a log group",
      ),
    /** Of the log group, where its name does not tell it. */
    region: z.string().min(1).optional(),
    trail: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]{1,32}:\d{12}:trail\/[\w.-]{1,128}$/,
        "the ARN of the trail that writes to it",
      )
      .optional(),
  }),
]);

const roleSchema = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, "the ARN of an IAM role");

const clusterSchema = z.strictObject({
  name: z.string().min(1),
  region: z.string().min(1),
  /** A context of the kubeconfig; without it, in-cluster configuration or the current context. */
  context: z.string().min(1).optional(),
  /** How the Kubernetes API is reached: `eks` asks EKS for the address and makes tokens, without a kubeconfig. */
  access: z.enum(["kubeconfig", "eks"]).optional(),
  /** Assumed for every AWS call and token of this cluster. */
  roleArn: roleSchema.optional(),
  externalId: z.string().min(2).max(1224).optional(),
  /** Assumed for the organization's policies alone: a role of its management account or of a delegated administrator. */
  organizationRoleArn: roleSchema.optional(),
  cloudtrail: trailSchema.optional(),
});

const checkedCluster = clusterSchema
  .refine(({ externalId, roleArn }) => externalId === undefined || roleArn !== undefined, {
    path: ["externalId"],
    message: "only together with roleArn",
  })
  .refine(({ access, context }) => access !== "eks" || context === undefined, {
    path: ["context"],
    message: "not together with access: eks, which needs no kubeconfig",
  });

const configSchema = z.strictObject({
  clusters: z.array(checkedCluster).min(1, "at least one cluster"),
  approvals: z
    .strictObject({
      approvers: z.array(z.string().regex(/^[UW][A-Z0-9]+$/, "a Slack user id such as U012ABCDEF")),
      threshold: z.int().min(1).default(1),
      /** More reviews for some kinds of change. */
      thresholds: z.partialRecord(z.enum(allKinds), z.int().min(1)).default({}),
      expiresAfter: duration.prefault("30m"),
    })
    .prefault({ approvers: [] }),
  digests: z
    .array(
      z.strictObject({
        cron: z.string().min(9),
        timeZone: z.string().min(1).default("UTC"),
        channel: z.string().min(1),
        clusters: z.array(z.string()).optional(),
      }),
    )
    .default([]),
  investigation: z
    .strictObject({
      since: duration.prefault("1h"),
      deadline: duration.prefault("60s"),
    })
    .prefault({}),
  cloudtrail: z
    .strictObject({
      /** AWS gives two a second to everybody in the account and Region: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
      lookupsPerSecond: z.number().positive().default(1.8),
    })
    .prefault({}),
  execution: z
    .strictObject({
      /** What AWS needs until a new association is seen everywhere: "several seconds". */
      associationSettle: duration.prefault("10s"),
      /** Kinds of change beyond the usual ones that the executor was given the rights for. */
      changes: z
        .array(z.enum(allKinds))
        .default([])
        .transform((more) => [...new Set([...defaultChangeKinds, ...more])]),
      stepTimeout: duration.prefault("15m"),
      /** New pods get this long to make calls before their logs count. */
      verifyAfter: duration.prefault("30s"),
      verifyAttempts: z.int().min(1).default(5),
    })
    .prefault({}),
  jobs: z
    .strictObject({
      /** After how long another worker takes up the job of one that died. */
      lockDuration: duration.prefault("30s"),
    })
    .prefault({}),
  http: z.strictObject({ port: z.int().min(0).max(65_535).default(3000) }).prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type ClusterConfig = Config["clusters"][number];

/** Reads and checks the whole configuration, once and first. @throws ConfigError that names every wrong field. */
export async function loadConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new ConfigError(
      `There is no configuration at ${path}. See docs/configuration.md, or pass --config FILE.`,
    );
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): Config {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new ConfigError(`${path} is not YAML: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(
      (issue) => `  ${issue.path.join(".") || "(top)"}: ${issue.message}`,
    );
    throw new ConfigError(`${path} is not right:\n${wrong.join("\n")}`);
  }
  const names = new Set(parsed.data.clusters.map((cluster) => cluster.name));
  for (const cluster of parsed.data.digests.flatMap((digest) => digest.clusters ?? [])) {
    if (!names.has(cluster))
      throw new ConfigError(`${path}: a digest names cluster ${cluster}, which is not configured.`);
  }
  return parsed.data;
}

/** What comes from the environment, because it is secret or belongs to the machine. */
export interface Secrets {
  readonly slackBotToken: string;
  readonly slackAppToken: string | null;
  readonly slackSigningSecret: string | null;
  readonly slackApiUrl: string | null;
}

/** @throws ConfigError that names the missing variable. */
export function slackSecrets(env: NodeJS.ProcessEnv): Secrets {
  const slackBotToken = required(env, "SLACK_BOT_TOKEN", "the bot token (xoxb-…) of the Slack app");
  const slackAppToken = env["SLACK_APP_TOKEN"] ?? null;
  const slackSigningSecret = env["SLACK_SIGNING_SECRET"] ?? null;
  if (slackAppToken === null && slackSigningSecret === null) {
    throw new ConfigError("Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP.");
  }
  return { slackBotToken, slackAppToken, slackSigningSecret, slackApiUrl: env["SLACK_API_URL"] ?? null };
}

/** @throws ConfigError that names the variable and says what it is for. */
export function required(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new ConfigError(`Set ${name}: ${what}.`);
  return value;
}
