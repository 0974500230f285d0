import type { ContainerSpec, EnvVar } from "../../core/evidence.ts";
import { redact } from "../../core/redact.ts";
import type { Container } from "./schemas.ts";

/** Variables that decide which AWS identity, Region or proxy a container uses. */
const relevantName = /^(AWS_|AMAZON_|SPRING_CLOUD_AWS|CLOUD_AWS_|BOTO_CONFIG$)|_proxy$/i;

/** Variables whose value is a path or an address although the name sounds like a secret. */
const plainName =
  /^AWS_(WEB_IDENTITY_TOKEN_FILE|CONTAINER_AUTHORIZATION_TOKEN_FILE|SHARED_CREDENTIALS_FILE|CONTAINER_CREDENTIALS_(FULL|RELATIVE)_URI|ENDPOINT_URL_\w+)$/;

const secretName = /accesskey|secret|passw|passphrase|token|privatekey|apikey|credential/;

/**
 * The container's environment as far as it concerns AWS identity, Regions and proxies. Values of keys, secrets and
 * tokens are dropped here, at the edge; Secret and ConfigMap objects are never read.
 */
export function containerFacts(container: Container, init: boolean): ContainerSpec {
  return {
    name: container.name,
    init,
    image: container.image ?? "",
    env: container.env.filter(({ name }) => relevantName.test(name)).map(envFacts),
    envFrom: container.envFrom.flatMap(({ secretRef, configMapRef }) => [
      ...(secretRef == null ? [] : [{ kind: "secret" as const, name: secretRef.name ?? "" }]),
      ...(configMapRef == null ? [] : [{ kind: "config-map" as const, name: configMapRef.name ?? "" }]),
    ]),
    mountPaths: container.volumeMounts.map(({ mountPath }) => mountPath),
    runAsUser: container.securityContext?.runAsUser ?? null,
  };
}

function envFacts({ name, value, valueFrom }: Container["env"][number]): EnvVar {
  if (valueFrom == null) return { name, value: keptValue(name, value ?? ""), from: "literal" };
  if (valueFrom.secretKeyRef != null) return { name, value: null, from: "secret" };
  if (valueFrom.configMapKeyRef != null) return { name, value: null, from: "config-map" };
  return { name, value: null, from: "field" };
}

function keptValue(name: string, value: string): string | null {
  // An empty text is no secret, and SDKs take it for more or less than a missing variable.
  if (value === "") return "";
  const bare = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (!plainName.test(name) && secretName.test(bare)) return null;
  return redact(value);
}
