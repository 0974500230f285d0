import type { Refusal, Session, SessionAnswer } from "../../account/model.ts";
import type { Application, Credentials, ProviderFailure, ProviderName, Sdk } from "./application.ts";

/** The endpoints that a container can get credentials from, as seen from its pod. */
export interface CredentialEndpoints {
  /** STS, with the projected token of this audience. */
  webIdentity(request: {
    roleArn: string;
    audience: string;
    sessionName: string;
    userAgent: string;
  }): SessionAnswer;
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
  /** Audience of the token that is mounted under this path; null: no token is there. */
  tokenAt(path: string): { readonly audience: string } | null;
}

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
  let cached: Session | null = null;
  let remembered: ProviderName | null = null;

  function ask(provider: ProviderName, at: Date): Session | ProviderFailure {
    const failed = (reason: ProviderFailure["reason"], refusal: ProviderFailure["refusal"] = null) => ({
      provider,
      reason,
      refusal,
    });
    const { env } = container;
    if (provider === "web-identity") {
      const roleArn = env.get("AWS_ROLE_ARN");
      const path = env.get("AWS_WEB_IDENTITY_TOKEN_FILE");
      if (roleArn === undefined || path === undefined) return failed("not-configured");
      const token = container.tokenAt(path);
      if (token === null) return failed("token-file-missing");
      const sessionName = env.get("AWS_ROLE_SESSION_NAME") ?? sdk.sessionName(at);
      const answer = endpoints.webIdentity({
        roleArn,
        audience: token.audience,
        sessionName,
        userAgent: sdk.userAgent,
      });
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
    if (cached !== null && Date.parse(cached.expiresAt) - at.getTime() > 300_000)
      return { ok: true, session: cached };
    const failures: ProviderFailure[] = [];
    for (const [provider, onFailure] of sdk.chain) {
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
