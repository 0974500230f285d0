/**
 * Texts of which every AWS identity error contains at least one, in lower case. None is shorter than ten characters:
 * the shortest decides how far the search may skip.
 */
export const anchors: readonly string[] = [
  "accessdenied",
  "access denied",
  "access to kms is",
  "authorized",
  "authorised",
  "3 forbidden",
  "forbidden:",
  "credential",
  "identitytoken",
  "web identity",
  "webidentity",
  "idprejectedclaim",
  "idpcommunication",
  "openidconnect",
  "token audience",
  "verification key",
  "login with amazon",
  "permissions to assume",
  "container-role",
  "container metadata",
  "169.254.169",
  "169.254.170",
  "fd00:ec2::23",
  "ec2imds: get",
  "instance metadata",
  "instance profile",
  "service endpoint",
  "token expired",
  "expiredtoken",
  "is expired",
  "has expired",
  "signature expired",
  "requestexpired",
  "clienttokenid",
  "unrecognizedclient",
  "invalidaccesskeyid",
  "signaturedoesnotmatch",
  "security token",
  "invalidsignature",
  "authfailure",
  "serviceaccount/",
  "throttling",
  "rate exceeded",
  "limitexceeded",
  "toomanyrequests",
  "too many requests",
  "missingregion",
  "region is missing",
  "specify a region",
  "load region",
  "find region",
  "find a region",
  "region configuration",
  "region must be specified",
  "missing region",
  "client configuration options",
  "regionendpoint",
  "loopback hosts",
  "loopback interface",
  "loopback address",
  "unsupported host",
  "config profile",
  "no role arn",
  "role arn is not",
  "authhandlerfound",
  "authorizationerror",
  "vpc endpoints",
  "(slowdown)",
  ">slowdown<",
  "error slowdown",
  "requesttimetooskewed",
  "incompletesignature",
  "legal header value",
  "tokenfile at",
  ": forbidden",
  "status code: 403",
];

/** Three letters of any case, five bits each: what the skip table is indexed by. */
const blocks = 1 << 15;

/** Finds anchors in bytes, whatever their case. */
export interface Prefilter {
  /** Where the first anchor that lies wholly in `[from, to)` begins; -1: there is none. */
  next(bytes: Uint8Array, from: number, to: number): number;
}

/**
 * The search of Wu and Manber for many words at once: it looks at the last three bytes of a window and skips as far as
 * no word could begin. Most bytes of a log are never looked at, so it is several times faster than a regular
 * expression, and it needs no decoded text.
 * https://www.cs.arizona.edu/sites/default/files/TR94-17.pdf
 */
export function createPrefilter(words: readonly string[]): Prefilter {
  const codes = words.map((word) => Uint8Array.from(word, (letter) => letter.charCodeAt(0)));
  const window = Math.min(...codes.map(({ length }) => length));
  const skips = new Uint8Array(blocks).fill(window - 2);
  /** Words by the block that ends their first `window` letters. */
  const endingIn: (Uint8Array[] | undefined)[] = new Array(blocks).fill(undefined);
  for (const code of codes) {
    for (let end = 2; end < window; end++) {
      const block = blockAt(code, end);
      skips[block] = Math.min(skips[block] as number, window - 1 - end);
    }
    const last = blockAt(code, window - 1);
    endingIn[last] = [...(endingIn[last] ?? []), code];
  }

  return {
    next(bytes, from, to) {
      let end = from + window - 1;
      for (;;) {
        let block: number;
        let skip: number;
        do {
          if (end >= to) return -1;
          block = blockAt(bytes, end);
          skip = skips[block] as number;
          end += skip;
        } while (skip !== 0);
        const start = end - window + 1;
        for (const code of endingIn[block] ?? []) if (isAt(bytes, start, to, code)) return start;
        end++;
      }
    },
  };
}

function blockAt(bytes: Uint8Array, end: number): number {
  return (
    (((bytes[end - 2] as number) & 31) << 10) |
    (((bytes[end - 1] as number) & 31) << 5) |
    ((bytes[end] as number) & 31)
  );
}

function isAt(bytes: Uint8Array, start: number, to: number, code: Uint8Array): boolean {
  if (start + code.length > to) return false;
  for (let at = 0; at < code.length; at++) {
    const byte = bytes[start + at] as number;
    // Capital letters are their small ones without bit 5.
    const small = byte >= 65 && byte <= 90 ? byte | 32 : byte;
    if (small !== code[at]) return false;
  }
  return true;
}
