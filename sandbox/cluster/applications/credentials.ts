import type { JsonValue } from "../../../src/core/json.ts";
import type { AccessKey, Refusal, Session, SessionAnswer } from "../../account/model.ts";
import type { Application, Credentials, ProviderFailure, ProviderName, Sdk } from "./application.ts";

/** The endpoints that a container can get credentials from, as seen from its pod. */
export interface CredentialEndpoints {
  /** STS, with the projected token of this audience. */
  webIdentity(request: {
    roleArn: string;
    audience: string;
    /** ISO; without: the token is as fresh as the kubelet keeps it. */
    tokenExpiresAt?: string;
    /** Whose STS is asked; `global`: the one endpoint that is of no Region. */
    region: string | undefined;
    globalEndpoint: boolean;
    sessionPolicy?: JsonValue;
    sessionName: string;
    userAgent: string;
  }): SessionAnswer | "unreachable";
  /** The Pod Identity agent of the node. */
  podIdentity(request: AgentRequest): SessionAnswer | "unreachable";
  /** The instance metadata service of the node. */
  instanceMetadata(): Session | "unreachable" | "no-role";
}

/** How a program asks the agent. */
export interface AgentRequest {
  readonly address: string;
  readonly habit: Application["asksAgent"];
}

export interface ContainerView {
  readonly env: ReadonlyMap<string, string>;
  /** The token that is mounted under this path; null: none is. */
  tokenAt(path: string): MountedToken | null;
}

export interface MountedToken {
  readonly audience: string;
  /** The only user that may read it; null: everybody. */
  readonly owner: number | null;
}

/** How long the webhook's tokens are good. */
const tokenSeconds = 86_400;

/**
 * Finds credentials as the SDK's default chain does: the first provider that gives some wins, and one that is
 * configured but fails ends the chain or is passed over, depending on the SDK. What is found is kept until shortly
 * before it expires.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function createCredentialChain(
  sdk: Sdk,
  application: Application,
  container: ContainerView,
  endpoints: CredentialEndpoints,
) {
  const { env } = container;
  let cached: Session | null = null;
  let remembered: ProviderName | null = null;
  let firstTokenEnd: string | null = null;

  function ask(provider: ProviderName, at: Date): Session | ProviderFailure {
    const failed = (reason: ProviderFailure["reason"], refusal: ProviderFailure["refusal"] = null) => ({
      provider,
      reason,
      refusal,
    });
    if (provider === "web-identity") {
      if (application.release === "before-irsa") return failed("not-configured");
      const roleArn = env.get("AWS_ROLE_ARN");
      const path = env.get("AWS_WEB_IDENTITY_TOKEN_FILE");
      if (roleArn === undefined || path === undefined) return failed("not-configured");
      const token = container.tokenAt(path);
      if (application.withoutStsModule === true) return failed("module-missing");
      if (token === null) return failed("token-file-missing");
      const user = application.becomesUser ?? 0;
      if (token.owner !== null && user !== 0 && user !== token.owner) return failed("token-file-denied");
      firstTokenEnd ??= new Date(at.getTime() + tokenSeconds * 1_000).toISOString();
      const sessionPolicy = application.sessions?.policy;
      const sessionName = env.get("AWS_ROLE_SESSION_NAME") ?? sdk.sessionName(at);
      const answer = endpoints.webIdentity({
        roleArn,
        audience: token.audience,
        ...(application.keeps === "token" ? { tokenExpiresAt: firstTokenEnd } : {}),
        ...(sessionPolicy === undefined ? {} : { sessionPolicy }),
        region: env.get("AWS_REGION"),
        globalEndpoint: env.get("AWS_STS_REGIONAL_ENDPOINTS") === "legacy",
        sessionName,
        userAgent: sdk.userAgent,
      });
      if (answer === "unreachable") {
        return { ...failed("unreachable"), detail: "https://sts.amazonaws.com" };
      }
      return answer.ok ? answer.session : failed("refused", answer);
    }
    if (provider === "container") {
      const uri = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
      if (uri === undefined) return failed("not-configured");
      if (application.release === "before-pod-identity") return failed("address-refused");
      if (container.tokenAt(env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") ?? "") === null) {
        return failed("token-file-missing");
      }
      const address = new URL(uri).hostname.replace(/^\[|\]$/g, "");
      // The proxy reaches no address that is local to the node.
      if (sdk.proxiesAgent && isProxied(env, address)) return failed("unreachable");
      const answer = endpoints.podIdentity({ address, habit: application.asksAgent });
      if (answer === "unreachable") return failed("unreachable");
      return answer.ok ? answer.session : failed("refused", answer);
    }
    if (env.get("AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true") return failed("unreachable");
    const answer = endpoints.instanceMetadata();
    return typeof answer === "string" ? failed(answer) : answer;
  }

  return function resolve(at: Date): Credentials {
    const settings = readSettings(sdk, application, env);
    if (settings !== null) {
      return "accessKeyId" in settings
        ? { ok: true, session: settings }
        : { ok: false, failures: [{ provider: "settings", refusal: null, ...settings }] };
    }
    const kept = application.keeps === "session";
    if (cached !== null && (kept || Date.parse(cached.expiresAt) - at.getTime() > 300_000))
      return { ok: true, session: cached };
    const failures: ProviderFailure[] = [];
    for (const [provider, onFailure] of sdk.chain) {
      if (application.provider !== undefined && provider !== application.provider) continue;
      if (remembered !== null && provider !== remembered) continue;
      const answer = ask(provider, at);
      if (!("provider" in answer)) {
        cached = answer;
        if (sdk.remembersProvider) remembered = provider;
        return { ok: true, session: answer };
      }
      failures.push(answer);
      if (answer.reason !== "not-configured" && onFailure === "stop") break;
    }
    return { ok: false, failures };
  };
}

/** Keys, or what is missing, before any provider is asked; null: the chain is. Empty variables count as not set. */
function readSettings(
  sdk: Sdk,
  application: Application,
  env: ReadonlyMap<string, string>,
): AccessKey | Pick<ProviderFailure, "reason" | "detail"> | null {
  if (application.regionFromEnvironment === true && !env.has("AWS_REGION"))
    return { reason: "region-missing" };
  if (application.keysInImage !== undefined) return { accessKeyId: application.keysInImage };
  const accessKeyId = env.get("AWS_ACCESS_KEY_ID") ?? "";
  const secret = env.get("AWS_SECRET_ACCESS_KEY") ?? "";
  if (accessKeyId !== "" && secret !== "") return { accessKeyId };
  if (accessKeyId !== "" && sdk.stopsAt.includes("partial-keys")) {
    return { reason: "partial-keys", detail: "AWS_SECRET_ACCESS_KEY" };
  }
  // No image of the sandbox has a file with profiles.
  const profile = env.get("AWS_PROFILE");
  return profile !== undefined && sdk.stopsAt.includes("profile-missing")
    ? { reason: "profile-missing", detail: profile }
    : null;
}

/** Is HTTP to the address sent through a proxy? `NO_PROXY` lists exceptions, by name, address or `*`. */
function isProxied(env: ReadonlyMap<string, string>, address: string): boolean {
  const either = (name: string) => env.get(name) ?? env.get(name.toLowerCase()) ?? "";
  if (either("HTTP_PROXY") === "") return false;
  const exceptions = either("NO_PROXY")
    .split(",")
    .map((entry) => entry.trim().replace(/^\[|\]$/g, ""));
  return !exceptions.includes(address) && !exceptions.includes("*");
}

/** The body of the agent's refusal: what EKS Auth said, or a sentence of its own. */
export function agentBody({ requestId, code, message, body }: Refusal): string {
  return body ?? `[${requestId}]: (${code}): ${message}, fault: client`;
}
