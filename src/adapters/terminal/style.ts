import { styleText } from "node:util";

/** Colours for a terminal; plain text everywhere else. `NO_COLOR` is honoured: https://no-color.org */
export interface Style {
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
}

export function createStyle(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Style {
  const colours = stream.isTTY === true && (env["NO_COLOR"] ?? "") === "";
  const paint = (format: "bold" | "red" | "green" | "yellow" | "dim") => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint("bold"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    dim: paint("dim"),
  };
}

/**
 * Text from outside, safe to print: control characters (and with them terminal escape sequences) are made visible.
 * Line breaks become spaces, so that a name cannot forge a line of the report.
 */
export function printable(text: string): string {
  let safe = "";
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const control = point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x202a && point <= 0x202e);
    if (character === "\n" || character === "\t") safe += " ";
    else safe += control || (point >= 0x2066 && point <= 0x2069) ? `\\x${point.toString(16)}` : character;
  }
  return safe;
}
