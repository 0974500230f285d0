/** The letters that Kubernetes makes names of: no vowels, so that no words come about. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

export interface Random {
  /** 0 ≤ n < 1 */
  next(): number;
  int(below: number): number;
  suffix(length: number): string;
  hex(length: number): string;
  uuid(): string;
}

/** Numbers that look random and are the same for the same seed, so that a sandbox starts the same way each time. */
export function createRandom(seed: string): Random {
  let state = fnv1a(seed);

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  function int(below: number): number {
    return Math.floor(next() * below);
  }

  function characters(from: string, length: number): string {
    return Array.from({ length }, () => from[int(from.length)]).join("");
  }

  const hex = (length: number) => characters("0123456789abcdef", length);

  return {
    next,
    int,
    suffix: (length) => characters(alphabet, length),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${characters("89ab", 1)}${hex(3)}-${hex(12)}`,
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Of templates in stored objects, which are never changed in place. */
const hashes = new WeakMap<object, string>();

/** `pod-template-hash` and `controller-revision-hash`: the same for the same template. */
export function templateHash(template: object): string {
  let hash = hashes.get(template);
  if (hash === undefined) {
    hash = hashOf(template);
    hashes.set(template, hash);
  }
  return hash;
}

function hashOf(template: object): string {
  return String(fnv1a(canonical(template)))
    .split("")
    .map((digit) => alphabet[Number(digit)])
    .join("");
}

/** JSON with sorted keys: two templates are equal when this is. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}
