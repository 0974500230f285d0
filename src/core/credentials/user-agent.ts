import type { Sdk } from "./sdk.ts";

export interface SdkVersion {
  readonly sdk: Sdk;
  /** Null: the user agent tells only the version of a service's package, which says nothing of the core. */
  readonly version: string | null;
}

const version = "(\\d{1,9}(?:\\.\\d{1,9}){1,4})";

/** In this order: the CLI and boto3 name the botocore under them too. Either word may stand behind an application's own. */
const products: readonly (readonly [RegExp, (major: string) => Sdk | null])[] = [
  [product("aws-cli/"), () => "aws-cli"],
  [product("boto3/"), () => "boto3"],
  [product("(?:md/)?botocore[/#]"), () => "botocore"],
  [product("aws-sdk-java/"), (major) => (major === "1" ? "java1" : major === "2" ? "java2" : null)],
  [product("aws-sdk-go-v2/"), () => "go2"],
  [product("aws-sdk-go/"), () => "go1"],
  [product("aws-sdk-nodejs/"), () => "js2"],
  [product("aws-sdk-js/"), (major) => (major === "2" ? "js2" : major === "3" ? "js3" : null)],
  [product("(?:md/)?aws-sdk-dotnet-core[/#]"), dotnet],
  [product("aws-sdk-ruby3?/"), (major) => (major === "3" ? "ruby" : null)],
  [product("aws-sdk-php/"), (major) => (major === "3" ? "php" : null)],
  [product("aws-sdk-rust/"), () => "rust"],
  [product("aws-sdk-cpp/"), () => "cpp"],
  [product("aws-sdk-kotlin/"), () => "kotlin"],
];

/** What .NET begins with: the version behind it is that of the package of one service. */
const dotnetService = product("aws-sdk-dotnet-[a-z0-9-]{1,20}/");

/**
 * SDK and version that a user agent names, as CloudTrail records it; null: none that is known. The version of .NET is
 * that of its core package, of Rust that of the crates that all services share.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function sdkOfUserAgent(userAgent: string): SdkVersion | null {
  const text = userAgent.slice(0, 512);
  for (const [pattern, sdkOf] of products) {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) continue;
    const sdk = sdkOf(found.slice(0, found.indexOf(".")));
    return sdk === null ? null : { sdk, version: found };
  }
  const service = dotnetService.exec(text)?.[1];
  const sdk = service === undefined ? null : dotnet(service.slice(0, service.indexOf(".")));
  return sdk === null ? null : { sdk, version: null };
}

function product(name: string): RegExp {
  return new RegExp(`(?:^|[\\s[(])${name}${version}`, "i");
}

function dotnet(major: string): Sdk | null {
  return major === "3" ? "dotnet3" : major === "4" ? "dotnet4" : null;
}
