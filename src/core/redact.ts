import type { JsonValue } from "./json.ts";

/**
 * The one place that takes out what must never leave the process: it runs before anything is stored, shown or
 * written. ARNs, account and role ids, request ids and encoded authorization messages stay readable. Takes time in
 * proportion to the text; doing it twice changes nothing.
 */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  let safe = text;
  for (const take of steps) safe = take(safe);
  return safe;
}

/** The same for every text of a value. What a field or a variable is called says what stands in it. */
export function redactAll<T>(value: T): T {
  return within(value as JsonValue, null) as T;
}

function within(value: JsonValue, name: string | null): JsonValue {
  if (typeof value === "string") {
    return name !== null && secretName.test(name) && isSecretValue(value) ? gone : redact(value);
  }
  if (Array.isArray(value)) return value.map((item) => within(item, name));
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value);
  const named = fields.find(([key, inner]) => /^(?:name|key)$/i.test(key) && typeof inner === "string")?.[1];
  return Object.fromEntries(
    fields.map(([key, inner]) => [
      key,
      within(inner, typeof named === "string" && /^value$/i.test(key) ? named : key),
    ]),
  );
}

/** Was something taken out of this text? It must then never be written back. */
export function isCensored(text: string): boolean {
  return text.includes(gone);
}

const gone = "[redacted]";

/** No secret is without one of these; most texts are, and are done. */
const suspicious =
  /key|pass|pwd|secret|token|auth|signature|cookie|credential|bearer|basic|:\/\/|A[KS]IA|xox|xapp-|hooks\.slack|eyJ|ZXlK|k8s-aws|oJb3J|oGZXI|oDYXdz|[A-Za-z0-9+/]{40}/i;

/** The value of a header, a variable or a field begins so: `: "`, `=`, `\":\"`, `=>'`, `:[`, `%3D`. */
const separator = String.raw`(?:\\{0,8}["'])?\s{0,4}(?:=>|:=|[:=]|%3[AaDd])\s{0,4}`;

/** Names of which nobody would say something else than the secret itself. */
const strong = String.raw`(?:pass[ _-]?(?:word|wd|phrase)|pwd|secret[ _.-]?(?:access[ _.-]?)?key|(?:client|signing|webhook|app)[ _.-]?secret|(?:session|security|access|refresh|bearer|auth|authorization|metadata|vault|bot)[_.-]?token|private[ _.-]?key|encryption[ _.-]?key|api[ _.-]?key|account[ _.-]?key|access[ _.-]?key|amz[_-]signature)(?:[_-]?\d{1,3})?`;
/** Names that sentences contain, too: `InvalidIdentityToken: No OpenIDConnect provider found`. */
const weak = "(?:token|(?<![A-Za-z])secret|signature|_auth)";

const secretName = new RegExp(`${strong}$`, "i");

/** A value that is missing, and what follows is the next name. */
const noName = `(?!(?:\\\\{0,8}["'])?[\\w.-]{0,40}?${strong}${separator})`;

/** A value in quotes ends with them, any other at white space; escapes of a text in a text count as such. */
const value = String.raw`(?:\\{1,8}"(?:[^"\\\r\n]|\\(?!\\{0,7}"))*|\\{1,8}'(?:[^'\\\r\n]|\\(?!\\{0,7}'))*|"(?:[^"\\\r\n]|\\.)*|'(?:[^'\\\r\n]|\\.)*|(?:(?:bearer|basic|token)\s{1,4}${noName})?(?:[^\s"'\\]|\\(?![nrt"'\\]))(?:[^\s"\\]|\\(?![nrt"\\]))*)`;

/** A list of values, as Go prints headers. */
const list = String.raw`(?:\[(?!redacted\]))?`;

const assignment = new RegExp(`(${strong}${separator})(${list})${noName}(${value})`, "gi");
const weakAssignment = new RegExp(`(${weak}${separator})(${list})${noName}(${value})`, "gi");
const element =
  /(<(?:\w{0,40}:)?\w{0,40}(?:Password|SecretAccessKey|SessionToken|Secret|Token)>)([^<]+)(?=<|$)/gi;
const flag = new RegExp(
  `(--[a-z-]{0,40}(?:password|secret|token|api-key|secret-key)\\s{1,4})(${value})`,
  "gi",
);

/** Headers whose value is a scheme and a secret, or a secret alone. */
const header = new RegExp(
  `(authorization${separator}${list}(?:\\\\{0,8}["'])?)((?:AWS4-[A-Z0-9-]{1,40}|[A-Za-z][A-Za-z0-9-]{0,30})[ \\t]{1,4})?([^\\s"'\\\\,]+(?:,\\s{0,4}[A-Za-z]{1,40}=[^\\s"'\\\\,]+)*)`,
  "gi",
);
const cookie = new RegExp(
  `(cookie${separator}${list}(?:\\\\{0,8}["'])?)([^\\s;"'\\\\]+(?:;\\s{0,4}[^\\s;"'\\\\]+)*)`,
  "gi",
);

const steps: readonly ((text: string) => string)[] = [
  (text) =>
    text.replace(
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
      gone,
    ),
  // A pair, as people paste it.
  (text) =>
    text.replace(
      /(?:AKIA|ASIA)[A-Z0-9]{16}(?:([\s"'\\,:;|]{1,8})[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/]))?/g,
      (_, between?: string) => (between === undefined ? gone : `${gone}${between}${gone}`),
    ),
  (text) => text.replace(/xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}/gi, gone),
  (text) => text.replace(/(hooks\.slack\.com\/[a-z]{1,20}\/)[A-Za-z0-9/_-]+/gi, `$1${gone}`),
  (text) => text.replace(/k8s-aws-v1\.[A-Za-z0-9_=-]+/g, gone),
  (text) => text.replace(/eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,4}/g, tokenOrText),
  // A token of a service account, once more in base64, as a Secret holds it.
  (text) => text.replace(/ZXlK[A-Za-z0-9+/_-]{40,}={0,2}/g, gone),
  // Every session token of STS begins with one of these.
  (text) =>
    text.replace(
      /(?:[A-Za-z0-9]{2}oJb3JpZ2lu|[A-Za-z0-9]{2}oGZXIvYXdz|[A-Za-z0-9]{2}oDYXdz)[A-Za-z0-9+/_%-]{8,}={0,2}/g,
      gone,
    ),
  (text) =>
    text.replace(/arn:aws[^\s"',]*|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/_-])/g, keyOrText),
  // Names come before whatever might take a name for a secret.
  (text) => text.replace(element, `$1${gone}`),
  (text) =>
    text.replace(assignment, (all, name: string, bracket: string, secret: string) =>
      taken(all, name, bracket, secret),
    ),
  (text) =>
    text.replace(weakAssignment, (all, name: string, bracket: string, secret: string) =>
      // Sentences and ARNs have a colon after such a word, and a line of a program may call something.
      // or name a type.
      !/^(?:[\w.]{1,80}\(|(?:[A-Z][a-z]{1,30}){2,6}$)/.test(secret) &&
      (/=|%3d/i.test(name) || /^\\{0,8}["']/.test(secret))
        ? taken(all, name, bracket, secret)
        : all,
    ),
  (text) => text.replace(flag, (all, name: string, secret: string) => taken(all, name, "", secret)),
  (text) => text.replace(header, (_, name: string, scheme = "") => `${name}${scheme}${gone}`),
  (text) => text.replace(/(AWS4-HMAC-SHA256[\s\S]{0,40}?Credential=)[^\s,;"'&]+/g, `$1${gone}`),
  (text) => text.replace(/(bearer\s{1,4})[A-Za-z0-9._~+/=-]{8,}/gi, `$1${gone}`),
  (text) =>
    text.replace(/(basic\s{1,4})([A-Za-z0-9+/]{8,}={0,2})/gi, (all, name: string, text: string) =>
      /^[A-Za-z]?[a-z]*$/.test(text) ? all : `${name}${gone}`,
    ),
  (text) => text.replace(cookie, `$1${gone}`),
  (text) =>
    text.replace(
      // In the authority, where it belongs, and with slashes that somebody forgot to escape.
      /(:\/\/[^\s/:@"'[]{0,200}:)(?!\d{1,5}(?:[/?#\s"']|$))(?:[^\s/"']{1,1000}|[^\s"']{1,1000})@/g,
      `$1${gone}@`,
    ),
];

/** The name stays, and the quotes. */
function taken(all: string, name: string, bracket: string, secret: string): string {
  const quote = /^\\{0,8}["']/.exec(secret)?.[0] ?? "";
  const bare = secret.slice(quote.length);
  if (!isSecretValue(bare)) return all;
  // What closes a list, an object or a call stands outside.
  const open = bare.startsWith(gone) ? bare.slice(gone.length) : bare;
  const closing = quote === "" ? (/[,;)\]}]{1,8}$/.exec(open)?.[0] ?? "") : "";
  if (closing.length === bare.length) return all;
  return `${name}${bracket}${quote}${gone}${closing}`;
}

function isSecretValue(text: string): boolean {
  return text !== "" && !/^(?:arn:|(?:null|none|nil|true|false|undefined)[,;)\]}]{0,8}$)/i.test(text);
}

/** Base64 of a JSON object: a token where it has parts, or is long. */
function tokenOrText(text: string): string {
  return text.length >= 40 || /\.[A-Za-z0-9_-]{4}/.test(text) ? gone : text;
}

/** A secret access key is random: letters of both cases and digits, and no word among them. */
function keyOrText(text: string): string {
  const random =
    !text.startsWith("arn:") &&
    (text.match(/[A-Z]/g)?.length ?? 0) >= 6 &&
    (text.match(/[a-z]/g)?.length ?? 0) >= 6 &&
    /\d/.test(text) &&
    !/[a-z]{9}/.test(text);
  return random ? gone : text;
}
