/**
 * The one place that takes out what must never leave the process: it runs before anything is stored, shown or
 * written. ARNs, account ids and request ids stay readable. Linear in the text; doing it twice changes nothing.
 */
export function redact(text: string): string {
  let safe = text;
  for (const { pattern, replacement } of secrets) safe = safe.replace(pattern, replacement);
  return safe;
}

/** Was something taken out of this text? It must then never be written back. */
export function isCensored(text: string): boolean {
  return text.includes(gone);
}

interface Secret {
  readonly pattern: RegExp;
  readonly replacement: string;
}

const gone = "[redacted]";

const secrets: readonly Secret[] = [
  {
    pattern:
      /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
    replacement: gone,
  },
  { pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, replacement: gone },
  { pattern: /\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}/g, replacement: gone },
  { pattern: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, replacement: gone },
  {
    pattern: /\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?!\[redacted\])[^\s"'][^\r\n"']{0,4000}/gi,
    replacement: `$1${gone}`,
  },
  { pattern: /\b(bearer\s{1,4})(?!\[redacted\])[A-Za-z0-9._~+/=-]{8,}/gi, replacement: `$1${gone}` },
  {
    pattern: /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,200}:)(?!\[redacted\])[^\s/@"']{1,400}@/gi,
    replacement: `$1${gone}@`,
  },
  {
    pattern:
      /((?:secret_?access_?key|secret_?key|session_?token|security_?token|access_?token|refresh_?token|api_?key|password|passwd|client_?secret)\\?["']?\s{0,4}(?:[:=]|=>)\s{0,4}\\?["']?)(?!\[redacted\])[^\s"',;&}\\]{1,4000}/gi,
    replacement: `$1${gone}`,
  },
];
