/** A mistake of the operator's: told in full, exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90s`, `30m`, `1h`, `2d`. @throws ConfigError for any other text. */
export function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2] as keyof typeof units | undefined;
  if (match === null || unit === undefined) {
    throw new ConfigError(`${JSON.stringify(text)} is not a duration such as 90s, 30m, 1h or 2d.`);
  }
  return Number(match[1]) * units[unit];
}
