import type { Sdk } from "./sdk.ts";

type Mechanism = "irsa" | "pod-identity";

/**
 * The first releases that know a mechanism, from
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html and
 * https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts-minimum-sdk.html, in the count that
 * user agents tell. Left out is what the pages do not tell. Null: every release.
 */
const minimums: Readonly<Record<Mechanism, Partial<Readonly<Record<Sdk, string | null>>>>> = {
  "pod-identity": {
    java1: "1.12.746",
    java2: "2.21.30",
    boto3: "1.34.41",
    botocore: "1.34.41",
    go1: "1.47.11",
    // Named by its date, 2023-11-14, on which the module that the user agent tells stood at this version.
    go2: "1.22.2",
    js2: "2.1550.0",
    js3: "3.458.0",
    ruby: "3.188.0",
    php: "3.287.1",
    cpp: "1.11.263",
    kotlin: "1.0.1",
    // AWSSDK.Core; the page counts releases of all packages together: https://github.com/aws/aws-sdk-net/discussions/3214
    dotnet3: "3.7.302",
    dotnet4: null,
    // Named by its date, 2024-03-13; the shared crates then stood at this version: https://github.com/smithy-lang/smithy-rs/pull/3416
    rust: "1.1.8",
  },
  irsa: {
    // The page has named a later release since: that of the last fix, not the first that knows web identity.
    java1: "1.11.704",
    java2: "2.10.11",
    boto3: "1.9.220",
    botocore: "1.12.200",
    go1: "1.23.13",
    go2: null,
    js2: "2.525.0",
    js3: "3.27.0",
    ruby: "3.58.0",
    php: "3.110.7",
    cpp: "1.7.174",
    kotlin: null,
    // AWSSDK.Core of release 3.3.659.1, the one that the page names:
    // https://github.com/aws/aws-sdk-net/blob/main/changelogs/SDK.CHANGELOG.2020.md
    dotnet3: "3.3.104.14",
    dotnet4: null,
  },
};

/** The first release of an SDK that knows the mechanism; null: every one does, or it is not known. */
export function minimumVersion(sdk: Sdk, version: string, mechanism: Mechanism): string | null {
  if (sdk !== "aws-cli") return minimums[mechanism][sdk] ?? null;
  const second = version.startsWith("2.");
  if (mechanism === "irsa") return second ? null : "1.16.232";
  return second ? "2.15.0" : "1.30.0";
}

/** Is this release older than the first that knows the mechanism? Null: that cannot be told. */
export function tooOldFor(sdk: Sdk | null, version: string | null, mechanism: Mechanism): boolean | null {
  if (sdk === null || version === null) return null;
  const minimum = minimumVersion(sdk, version, mechanism);
  if (minimum === null) return sdk in minimums[mechanism] || sdk === "aws-cli" ? false : null;
  const order = compareVersions(version, minimum);
  return order === null ? null : order < 0;
}

/** Compares dotted numbers; what follows them (`-beta`, `+1`) does not count. Null: one is no version. */
function compareVersions(one: string, other: string): number | null {
  const numbers = (text: string) => /^\d{1,9}(?:\.\d{1,9}){1,4}/.exec(text)?.[0].split(".").map(Number);
  const left = numbers(one);
  const right = numbers(other);
  if (left === undefined || right === undefined) return null;
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
