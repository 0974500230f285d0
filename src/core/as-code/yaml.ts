import type { JsonValue } from "../json.ts";

/**
 * A value as block YAML that every parser reads alike: text is in double quotes with JSON's escapes unless it is a
 * plain word that can be nothing else. https://yaml.org/spec/1.2.2/#731-double-quoted-style
 */
export function yaml(value: JsonValue, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    const items = (value as readonly JsonValue[]).map((item) => {
      const text = yaml(item, `${indent}  `);
      return text.startsWith("\n") ? `${indent}- ${text.slice(1 + indent.length + 2)}` : `${indent}-${text}`;
    });
    return `\n${items.join("")}`;
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) return " {}\n";
    return `\n${entries.map(([key, part]) => `${indent}${word(key)}:${yaml(part as JsonValue, `${indent}  `)}`).join("")}`;
  }
  return ` ${typeof value === "string" ? word(value) : String(value)}\n`;
}

/** Words that YAML 1.1 reads as something else than text. */
const reserved = /^(?:true|false|yes|no|on|off|null|y|n)$/i;

function word(text: string): string {
  if (/^[A-Za-z][\w./-]*$/.test(text) && !reserved.test(text)) return text;
  // YAML breaks lines at more characters than JSON does.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
