import type { ContainerSpec, EnvVar, WorkloadFacts } from "../evidence.ts";
import type { Provider } from "./chains.ts";

export type SourceStatus =
  /** Added when the pod was created. */
  | "injected"
  /** Written in the pod spec. */
  | "set"
  /** Something is there that is not read: a file, a whole ConfigMap or Secret. */
  | "possible"
  /** One variable of two. */
  | "half"
  /** Set to an empty text. */
  | "empty"
  /** Set, but this SDK passes it by. */
  | "skipped"
  | "not-set"
  /** What is left when nothing else gives credentials. */
  | "last-resort"
  | "disabled";

export interface CredentialSource {
  readonly provider: Provider;
  readonly status: SourceStatus;
  /** Who sets it, and what it names; never a value of a key. */
  readonly detail: string;
}

type Variables = ReadonlyMap<string, EnvVar>;

/** What a pod spec gives each source of credentials of one container. */
export function sourceOf(
  provider: Provider,
  container: ContainerSpec,
  workload: WorkloadFacts | null,
): CredentialSource {
  const env: Variables = new Map(container.env.map((variable) => [variable.name, variable]));
  const of = (status: SourceStatus, detail: string): CredentialSource => ({ provider, status, detail });
  switch (provider) {
    case "environment":
      return of(...environment(env, container));
    case "web-identity": {
      const half = halfOf(env, "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE");
      if (half !== null) return of(...half);
      return of(givenBy("AWS_ROLE_ARN", container, workload), env.get("AWS_ROLE_ARN")?.value ?? "");
    }
    case "container": {
      const uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
      if (env.has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") && !env.has(uri)) {
        return of("set", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
      }
      const half = halfOf(env, uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      if (half !== null) return of(...half);
      return of(givenBy(uri, container, workload), env.get(uri)?.value ?? "");
    }
    case "assume-role-profile":
    case "profile":
      return of(...profile(container));
    case "instance-profile":
      return /^true$/i.test(env.get("AWS_EC2_METADATA_DISABLED")?.value ?? "")
        ? of("disabled", "AWS_EC2_METADATA_DISABLED=true")
        : of("last-resort", "the node's role, if the pod reaches the instance metadata");
    case "system-properties":
      return of("not-set", "properties of the Java process are not seen");
  }
}

/** Is the variable written in the pod template itself, where every new pod gets it again? */
export function isByHand(name: string, container: ContainerSpec, workload: WorkloadFacts | null): boolean {
  // A bare pod has no template: its spec is what the webhook made of it.
  if (workload === null || workload.kind === "Pod") return false;
  return workload.template.containers.some(
    (spec) => spec.name === container.name && spec.env.some((variable) => variable.name === name),
  );
}

function givenBy(name: string, container: ContainerSpec, workload: WorkloadFacts | null): SourceStatus {
  return isByHand(name, container, workload) ? "set" : "injected";
}

function environment(env: Variables, container: ContainerSpec): readonly [SourceStatus, string] {
  const half = halfOf(env, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
  const id = env.get("AWS_ACCESS_KEY_ID");
  if (id !== undefined && half === null) {
    if (isEmpty(id) || isEmpty(env.get("AWS_SECRET_ACCESS_KEY"))) return ["empty", "set to an empty text"];
    return ["set", `access keys ${origin(id)}`];
  }
  if (half !== null && half[0] === "half") return half;
  if (container.envFrom.length === 0) return ["not-set", ""];
  const names = container.envFrom.map(
    ({ kind, name }) => `${kind === "secret" ? "Secret" : "ConfigMap"} ${name}`,
  );
  return ["possible", `access keys may be in ${names.join(", ")} (envFrom, not read)`];
}

function origin({ from }: EnvVar): string {
  switch (from) {
    case "literal":
      return "written in the pod spec";
    case "secret":
      return "from a Secret (value not read)";
    case "config-map":
      return "from a ConfigMap (value not read)";
    case "field":
      return "from a field of the pod";
  }
}

/** Null: both are set. */
function halfOf(env: Variables, one: string, other: string): readonly [SourceStatus, string] | null {
  if (env.has(one) && env.has(other)) return null;
  if (env.has(one)) return ["half", `${one} without ${other}`];
  if (env.has(other)) return ["half", `${other} without ${one}`];
  return ["not-set", ""];
}

function isEmpty(variable: EnvVar | undefined): boolean {
  return variable?.from === "literal" && variable.value === "";
}

const profileVariables = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CONFIG_FILE",
];

/** The variables and mounts that lead an SDK to a credentials or configuration file. */
export function profileSigns(container: ContainerSpec): readonly string[] {
  const named = container.env
    .filter(({ name }) => profileVariables.includes(name))
    .map(({ name, value }) => (value === null ? name : `${name}=${value}`));
  const mounts = container.mountPaths
    .filter((path) => /\/\.aws(?:\/|$)/.test(path))
    .map((path) => `mount ${path}`);
  return [...named, ...mounts];
}

function profile(container: ContainerSpec): readonly [SourceStatus, string] {
  const signs = profileSigns(container);
  if (signs.length > 0) return ["possible", `${signs.join(", ")} (file not read)`];
  return ["not-set", "no file is named; the image may hold one"];
}
