import type { Sdk } from "./sdk.ts";

export interface SdkVersion {
  readonly sdk: Sdk;
  readonly version: string;
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
  [product("aws-sdk-dotnet-core/"), dotnet],
  [product("aws-sdk-dotnet[a-z0-9-]{0,20}/"), dotnet],
  [product("aws-sdk-ruby3?/"), (major) => (major === "3" ? "ruby" : null)],
  [product("aws-sdk-php/"), (major) => (major === "3" ? "php" : null)],
  [product("aws-sdk-rust/"), () => "rust"],
  [product("aws-sdk-cpp/"), () => "cpp"],
  [product("aws-sdk-kotlin/"), () => "kotlin"],
];

/**
 * SDK and version that a user agent names, as CloudTrail records it; null: none that is known. Versions of .NET are
 * those of its core package where they are told.
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
  return null;
}

function product(name: string): RegExp {
  return new RegExp(`(?:^|[\\s[(])${name}${version}`, "i");
}

function dotnet(major: string): Sdk | null {
  return major === "3" ? "dotnet3" : major === "4" ? "dotnet4" : null;
}
