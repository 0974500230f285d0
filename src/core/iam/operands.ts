/** Values that condition operators compare as something other than text. All readers answer null for what they cannot read. */

/**
 * An ISO 8601 date or time, or seconds of the UNIX epoch, in milliseconds.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
 */
export function readDate(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text) && text.length > 4) return Number(text) * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/.test(text)) return null;
  // A time without a zone is UTC here; the platform would take its own.
  const zoned = !text.includes("T") || /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : time;
}

/** A decimal number, with sign and fraction. */
export function readNumber(text: string): number | null {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : null;
}

export function readBoolean(text: string): boolean | null {
  const lower = text.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : null;
}

/** Base64 without its padding, so that both spellings of one value are equal. */
export function readBinary(text: string): string | null {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? text.replace(/(?<!=)=+$/, "") : null;
}

/** A range of addresses: `203.0.113.0/24`, `2001:db8::/32`; without a prefix length, one address. */
export interface AddressRange {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly prefix: number;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress */
export function readRange(text: string): AddressRange | null {
  const slash = text.indexOf("/");
  const address = readAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  if (slash < 0) return { ...address, prefix: address.bits };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > address.bits) return null;
  return { ...address, prefix: Number(length) };
}

/** Is every address of `inner` in `outer`? */
export function inRange(inner: AddressRange, outer: AddressRange): boolean {
  if (inner.bits !== outer.bits || inner.prefix < outer.prefix) return false;
  const shift = BigInt(outer.bits - outer.prefix);
  return inner.address >> shift === outer.address >> shift;
}

function readAddress(text: string): { readonly bits: 32 | 128; readonly address: bigint } | null {
  if (!text.includes(":")) {
    const address = readIpv4(text);
    return address === null ? null : { bits: 32, address };
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = readGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? readGroups(halves[1] ?? "") : [];
  if (head === null || tail === null) return null;
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return null;
  const groups = [...head, ...new Array<number>(gap).fill(0), ...tail];
  return { bits: 128, address: groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) };
}

function readIpv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return null;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function readGroups(text: string): readonly number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const ipv4 = readIpv4(part);
      if (ipv4 === null) return null;
      groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}
