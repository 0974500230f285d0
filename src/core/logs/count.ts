/** A field that repeats what the message of the same error says; a chain of providers that holds a chain. */
const echo =
  /(code|name|message|errormessage)(?:["']{0,2} ?[:=] ?["']{0,2}|>)$|(provider)chain@[0-9a-f]{1,8}: $/i;
const fieldLength = 40;

/** How often a sign stands in a text; fields in which an error tells itself again do not count. */
export function timesIn(text: string, pattern: RegExp): number {
  let plain = 0;
  const echoes = new Map<string, number>();
  for (const { index } of text.matchAll(pattern)) {
    const field = echo.exec(text.slice(Math.max(0, index - fieldLength), index));
    if (field === null) plain++;
    else {
      const name = (field[1] ?? field[2] ?? "").toLowerCase();
      echoes.set(name, (echoes.get(name) ?? 0) + 1);
    }
  }
  return plain > 0 ? plain : Math.max(0, ...echoes.values());
}
