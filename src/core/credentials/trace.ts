import type { ContainerSpec, Evidence, PodFacts, Question } from "../evidence.ts";
import { expectedIdentity, injectedInto, known } from "../identity.ts";
import { carries, type Place, placesOf } from "../subject.ts";
import { type Chain, chainOf, type OnFailure, type Provider } from "./chains.ts";
import { nameOfSdks, type Sdk } from "./sdk.ts";
import { sdkOf } from "./sdk-of.ts";
import { type CredentialSource, isByHand, sourceOf } from "./sources.ts";

/** Where the SDK of a container looks for credentials, in its order, and what it finds there. */
export interface CredentialTrace {
  readonly container: string;
  /** The pods whose container this is true of. */
  readonly pods: readonly string[];
  /** Null: not known, or not down to one. */
  readonly sdk: Sdk | null;
  readonly sdkVersion: string | null;
  /** The SDK in words, with what tells it. */
  readonly sdkFrom: string;
  readonly sources: readonly CredentialSource[];
  /** The source that gives the credentials, as far as the pod spec shows; null: none does, or it cannot be said. */
  readonly winner: Provider | null;
  /** What happens when that source fails; null: it is the last one. */
  readonly ifItFails: string | null;
  /** What the container carries and the configuration of today would not give it; null: nothing. */
  readonly stale: string | null;
  /** What could make it different; null: nothing that is worth a word. */
  readonly note: string | null;
}

/** The traces of the asked containers; pods that carry the same are told once. */
export function credentialTraces(evidence: Evidence, question: Question): readonly CredentialTrace[] {
  const pods = evidence["k8s.pods"];
  if (pods === undefined || pods.status === "unavailable") return [];
  const told = new Map<string, CredentialTrace>();
  for (const { pod, container } of placesOf(pods, question)) {
    const trace = credentialTrace(container, pod, evidence);
    const key = JSON.stringify({ ...trace, pods: [] });
    told.set(key, { ...trace, pods: [...(told.get(key)?.pods ?? []), pod.name] });
  }
  return [...told.values()];
}

/**
 * What the SDK of a container picks, by the order of its default chain and the pod's spec. Credentials that a program
 * sets itself, files in its image and the values of `envFrom` are not seen.
 */
export function credentialTrace(
  container: ContainerSpec,
  pod: PodFacts,
  evidence: Evidence,
): CredentialTrace {
  const { candidates, version, from } = sdkOf(evidence, pod, container);
  const workload = known(evidence["k8s.workload"]);
  const chains = candidates.length === 0 ? [chainOf(null)] : candidates.map(chainOf);
  const views = chains.map((chain) => {
    const sources = sourcesIn(chain, container, workload);
    return { chain, sources, winner: winnerOf(chain, sources) };
  });
  const [first] = views;
  const sources = first?.sources ?? [];
  const winners = [...new Set(views.map(({ winner }) => winner))];
  const winner = winners.length === 1 ? (winners[0] ?? null) : null;
  const [only] = candidates;
  const sdk = candidates.length === 1 && only !== undefined ? only : null;
  return {
    container: container.name,
    pods: [pod.name],
    sdk,
    sdkVersion: version,
    sdkFrom: candidates.length === 0 ? from : `${nameOfSdks(candidates)}, told by ${from}`,
    sources,
    winner,
    ifItFails: ifItFails(winner, candidates.length === 0 ? null : chains, sources),
    stale: staleness({ pod, container }, evidence),
    note: noteOf(candidates, sources, winner, container),
  };
}

/** The sources of a chain that are worth a line: what a spec cannot show, and shows nothing of, is left out. */
function sourcesIn(
  { links, profileHidesEnvironment }: Chain,
  container: ContainerSpec,
  workload: Parameters<typeof sourceOf>[2],
): readonly CredentialSource[] {
  const profile = container.env.some(({ name }) => name === "AWS_PROFILE");
  return links
    .map(({ provider }) => sourceOf(provider, container, workload))
    .filter(({ provider, status }) => status !== "not-set" || !hiddenWhenUnset.has(provider))
    .map((source) =>
      source.provider === "environment" && source.status === "set" && profileHidesEnvironment && profile
        ? { ...source, status: "skipped", detail: "passed by, because AWS_PROFILE is set" }
        : source,
    );
}

const hiddenWhenUnset: ReadonlySet<Provider> = new Set(["system-properties", "assume-role-profile"]);

function winnerOf(chain: Chain, sources: readonly CredentialSource[]): Provider | null {
  for (const { provider, status } of sources) {
    if (status === "injected" || status === "set" || status === "last-resort") return provider;
    if (status === "half" && provider === "environment" && chain.halfKeysAreErrors) return null;
  }
  return null;
}

const inWords: Readonly<Record<Provider, string>> = {
  "system-properties": "Java system properties",
  environment: "the keys in the environment",
  "assume-role-profile": "a profile's role",
  "web-identity": "web identity",
  profile: "a profile",
  container: "the container source",
  "instance-profile": "the node's role",
};

function ifItFails(
  winner: Provider | null,
  chains: readonly Chain[] | null,
  sources: readonly CredentialSource[],
): string | null {
  switch (winner) {
    case null:
      return "no source is certain to give credentials";
    case "environment":
    case "system-properties":
      return "keys that AWS refuses end in an error: no other source is tried";
    case "instance-profile":
      return null;
    default:
      break;
  }
  const after = sources.slice(sources.findIndex(({ provider }) => provider === winner) + 1);
  const next = after.find(({ status }) => ["injected", "set", "last-resort"].includes(status));
  const on =
    next === undefined ? "no other source is left" : `the SDK goes on silently to ${inWords[next.provider]}`;
  if (chains === null) {
    const silent = winner === "web-identity" ? "Java, JavaScript 2, PHP, C++ and Kotlin" : null;
    return `${silent ?? "Java 2, JavaScript 2 and Kotlin"} go on silently to the next source, mostly the node's role; other SDKs end with an error`;
  }
  const outcomes = new Set(
    chains.map(({ links }) => links.find(({ provider }) => provider === winner)?.onFailure ?? "error"),
  );
  const texts: Readonly<Record<OnFailure, string>> = {
    next: on,
    error: "the call ends with an error: no other source is tried",
    unsigned: "calls go out unsigned, and AWS answers to an anonymous caller",
  };
  return [...outcomes].map((outcome) => texts[outcome]).join("; or, by the SDK's version, ");
}

function staleness(place: Place, evidence: Evidence): string | null {
  const { pod, container } = place;
  const expected = expectedIdentity(evidence);
  const injected = injectedInto(container);
  if (expected === null) return null;
  const byHand = isByHand("AWS_ROLE_ARN", container, known(evidence["k8s.workload"]));
  if (!carries(container, expected) && !(byHand && injected.mechanism === "irsa")) {
    const today = expected.mechanism === "none" ? "no identity" : `${names[expected.mechanism]}`;
    const role = expected.roleArn === null ? "" : ` with ${expected.roleArn}`;
    const carried = injected.mechanism === "none" ? "no identity" : names[injected.mechanism];
    const old = injected.roleArn === null ? "" : ` with ${injected.roleArn}`;
    return `the pod carries ${carried}${old}; the configuration of today gives it ${today}${role}`;
  }
  const association = known(evidence["eks.association"]);
  if (injected.mechanism === "pod-identity" && association !== null) {
    const changed = Date.parse(association.modifiedAt) > Date.parse(pod.createdAt);
    if (changed && association.modifiedAt !== association.createdAt) {
      return `the association was changed at ${association.modifiedAt}, after the pod's creation: a session of before can still be in use for hours`;
    }
  }
  return null;
}

const names = { "pod-identity": "EKS Pod Identity", irsa: "IRSA", none: "no identity" } as const;

function noteOf(
  candidates: readonly Sdk[],
  sources: readonly CredentialSource[],
  winner: Provider | null,
  container: ContainerSpec,
): string | null {
  const notes: string[] = [];
  const status = (provider: Provider) => sources.find((source) => source.provider === provider)?.status;
  const given = (provider: Provider) => ["injected", "set"].includes(status(provider) ?? "");
  const before = sources.slice(
    0,
    winner === null ? sources.length : sources.findIndex(({ provider }) => provider === winner),
  );
  const possible = [
    ...new Set(
      before.filter((source) => source.status === "possible").map(({ provider }) => inWords[provider]),
    ),
  ];
  if (possible.length > 0) notes.push(`${possible.join(" and ")} would come first, and cannot be seen`);
  if (candidates.length === 0) {
    if (given("environment") && given("web-identity")) {
      notes.push(".NET 3 takes web identity before the keys in the environment");
    }
    if (
      given("environment") &&
      container.env.some(({ name }) => name === "AWS_PROFILE" || name === "AWS_DEFAULT_PROFILE")
    ) {
      notes.push("JavaScript 3 passes by the keys in the environment where AWS_PROFILE is set");
    }
    if (given("web-identity") && given("container")) {
      notes.push("JavaScript 2 takes the container source before web identity");
    }
  }
  if (status("environment") === "half") {
    notes.push("half a pair of keys ends the search in botocore, and counts for nothing elsewhere");
  }
  const chains = candidates.map(chainOf);
  const injected = winner === "web-identity" || winner === "container";
  if (injected && chains.some(({ keepsFirstSource }) => keepsFirstSource)) {
    notes.push("the source that worked first is kept: one failure at the start lasts until a restart");
  }
  return notes.length === 0 ? null : notes.join("; ");
}

const statuses: Readonly<Record<CredentialSource["status"], string>> = {
  injected: "injected",
  set: "set by the pod spec",
  possible: "perhaps",
  half: "half set",
  empty: "empty",
  skipped: "skipped",
  "not-set": "not set",
  "last-resort": "last resort",
  disabled: "switched off",
};

/** What a source holds, in a few words. */
export function sourceText(status: CredentialSource["status"], detail: string): string {
  return detail === "" ? statuses[status] : `${statuses[status]}: ${detail}`;
}
