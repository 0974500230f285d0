import { KubeConfig } from "@kubernetes/client-node";
import { unmetered } from "../../app/call-budget.ts";
import type { CallMeter } from "../../app/ports.ts";
import type { Unavailable } from "../../core/evidence.ts";
import { createRestClient, type KubernetesClient } from "./client.ts";
import type { Outcome } from "./outcome.ts";

/** A cluster that says itself where it is, and whose tokens are made anew before they expire. */
export interface ClusterDoor {
  endpoint(
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly server: string; readonly caData: string }
    | { readonly ok: false; readonly unavailable: Unavailable }
  >;
  token(): Promise<string>;
}

/** A client that needs no kubeconfig. The address is asked for at the first call, and again where that failed. */
export function createDoorClient(door: ClusterDoor, meter: CallMeter = unmetered): KubernetesClient {
  let opened: KubernetesClient | null = null;

  async function open(signal: AbortSignal): Promise<Outcome<KubernetesClient>> {
    if (opened !== null) return { type: "ok", value: opened };
    const endpoint = await door.endpoint(signal);
    if (!endpoint.ok) {
      const { reason, permission, detail = "" } = endpoint.unavailable;
      return {
        type: "failed",
        failure: { reason, ...(permission === undefined ? {} : { permission }), detail, status: null },
      };
    }
    opened = createRestClient(kubeConfigOf(endpoint.server, endpoint.caData, door.token), meter);
    return { type: "ok", value: opened };
  }

  async function using<T>(
    signal: AbortSignal,
    work: (client: KubernetesClient) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const client = await open(signal);
    return client.type === "ok" ? work(client.value) : client;
  }

  return {
    get: (resource, namespace, name, schema, signal) =>
      using(signal, (client) => client.get(resource, namespace, name, schema, signal)),
    list: (resource, namespace, schema, signal, options) =>
      using(signal, (client) => client.list(resource, namespace, schema, signal, options)),
    discover: (apiVersion, kind, signal) =>
      using(signal, (client) => client.discover(apiVersion, kind, signal)),
    patch: (resource, namespace, name, body, schema, signal) =>
      using(signal, (client) => client.patch(resource, namespace, name, body, schema, signal)),
    remove: (resource, namespace, name, uid, schema, signal) =>
      using(signal, (client) => client.remove(resource, namespace, name, uid, schema, signal)),
    review: (attributes, schema, signal) =>
      using(signal, (client) => client.review(attributes, schema, signal)),
    streamLog: (pod, options, onText, signal) =>
      using(signal, (client) => client.streamLog(pod, options, onText, signal)),
  };
}

function kubeConfigOf(server: string, caData: string, token: () => Promise<string>): KubeConfig {
  const config = new KubeConfig();
  const { protocol, hostname } = new URL(server);
  config.loadFromOptions({
    clusters: [
      {
        name: "eks",
        server,
        caData,
        // The library sends tokens over plain HTTP only with this consent, given here for this machine alone.
        skipTLSVerify: protocol === "http:" && hostname === "127.0.0.1",
      },
    ],
    users: [{ name: "eks" }],
    contexts: [{ name: "eks", cluster: "eks", user: "eks" }],
    currentContext: "eks",
  });
  config.addAuthenticator({
    isAuthProvider: ({ name }) => name === "eks",
    async applyAuthentication(_user, options) {
      const authorization = `Bearer ${await token()}`;
      options.headers = { ...(options.headers as Record<string, string>), Authorization: authorization };
    },
  });
  return config;
}
