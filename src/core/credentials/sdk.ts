/** The SDKs whose default credential chains differ, by the names that are used for them in logs. */
export const sdks = [
  "java1",
  "java2",
  "boto3",
  "botocore",
  "aws-cli",
  "go1",
  "go2",
  "js2",
  "js3",
  "dotnet3",
  "dotnet4",
  "ruby",
  "php",
  "rust",
  "cpp",
  "kotlin",
] as const;

export type Sdk = (typeof sdks)[number];

/** As people call them. */
export const sdkNames: Readonly<Record<Sdk, string>> = {
  java1: "AWS SDK for Java 1",
  java2: "AWS SDK for Java 2",
  boto3: "boto3",
  botocore: "botocore",
  "aws-cli": "AWS CLI",
  go1: "AWS SDK for Go 1",
  go2: "AWS SDK for Go 2",
  js2: "AWS SDK for JavaScript 2",
  js3: "AWS SDK for JavaScript 3",
  dotnet3: "AWS SDK for .NET 3",
  dotnet4: "AWS SDK for .NET 4",
  ruby: "AWS SDK for Ruby",
  php: "AWS SDK for PHP",
  rust: "AWS SDK for Rust",
  cpp: "AWS SDK for C++",
  kotlin: "AWS SDK for Kotlin",
};

/** Several names in one: `AWS SDK for Go 1 or AWS SDK for Go 2`. */
export function nameOfSdks(candidates: readonly Sdk[]): string {
  return candidates.map((sdk) => sdkNames[sdk]).join(" or ");
}

/** The SDKs that a log's signature can stand for; empty: it tells none. */
export function sdksOfSignature(signature: string | null): readonly Sdk[] {
  if (signature === "dotnet") return ["dotnet3", "dotnet4"];
  return sdks.filter((sdk) => sdk === signature);
}
