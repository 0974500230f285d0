import { expect, test } from "vitest";
import { chainOf, fallsThrough } from "../../../src/core/credentials/chains.ts";
import { tooOldFor } from "../../../src/core/credentials/minimum-versions.ts";
import { type Sdk, sdks } from "../../../src/core/credentials/sdk.ts";
import { sdkOfUserAgent } from "../../../src/core/credentials/user-agent.ts";

const broken: readonly (readonly [Sdk, string, string])[] = [
  ["java1", "silently", "error"],
  ["java2", "silently", "silently"],
  ["boto3", "error", "error"],
  ["botocore", "error", "error"],
  ["aws-cli", "error", "error"],
  ["go1", "error", "error"],
  ["go2", "error", "error"],
  ["js2", "silently", "silently"],
  ["js3", "error", "error"],
  ["dotnet3", "error", "error"],
  ["dotnet4", "error", "error"],
  ["ruby", "error", "error"],
  ["php", "silently", "error"],
  ["rust", "error", "error"],
  ["cpp", "silently", "unsigned"],
  ["kotlin", "silently", "silently"],
];

test.each(broken)("%s: broken IRSA shows as %s, broken Pod Identity as %s", (sdk, irsa, podIdentity) => {
  expect(fallsThrough(sdk, "irsa")).toBe(irsa);
  expect(fallsThrough(sdk, "pod-identity")).toBe(podIdentity);
});

test("an unknown SDK promises nothing", () => {
  expect(fallsThrough(null, "irsa")).toBeNull();
  expect(broken.map(([sdk]) => sdk)).toEqual(sdks);
});

test.each(sdks)("%s asks the instance metadata last, and every source once", (sdk) => {
  const order = chainOf(sdk).links.map(({ provider }) => provider);
  expect(order.at(-1)).toBe("instance-profile");
  expect(new Set(order).size).toBe(order.length);
  expect(order).toEqual(expect.arrayContaining(["environment", "web-identity", "profile", "container"]));
});

test("the orders that differ from all others", () => {
  const before = (sdk: Sdk, one: string, other: string) => {
    const order = chainOf(sdk).links.map(({ provider }) => provider as string);
    return order.indexOf(one) < order.indexOf(other);
  };
  expect(sdks.filter((sdk) => before(sdk, "container", "web-identity"))).toEqual(["js2"]);
  expect(sdks.filter((sdk) => before(sdk, "web-identity", "environment"))).toEqual(["dotnet3"]);
});

test.each([
  ["aws-sdk-java/1.12.261 Linux/5.10 OpenJDK_64-Bit_Server_VM/17", "java1", "1.12.261"],
  ["aws-sdk-java/2.20.1 md/io#sync ua/2.0", "java2", "2.20.1"],
  ["Boto3/1.26.3 Python/3.9.2 Linux/5.10 Botocore/1.29.3", "boto3", "1.26.3"],
  ["[Boto3/1.17.18 Python/3.9.2 Botocore/1.20.18]", "boto3", "1.17.18"],
  ["aiobotocore/2.7.0 md/Botocore#1.31.64 ua/2.0 os/linux", "botocore", "1.31.64"],
  ["aws-cli/2.15.0 Python/3.11.6 Linux/6.1 exe/x86_64 prompt/off command/s3.ls", "aws-cli", "2.15.0"],
  ["aws-cli/1.22.34 Python/3.10.6 Linux/5.10 botocore/1.23.34", "aws-cli", "1.22.34"],
  ["aws-sdk-go/1.44.0 (go1.17; linux; amd64)", "go1", "1.44.0"],
  [
    "APN/1.0 HashiCorp/1.0 Terraform/1.5.7 terraform-provider-aws/5.0 aws-sdk-go-v2/1.21.0 os/linux",
    "go2",
    "1.21.0",
  ],
  ["aws-sdk-nodejs/2.1400.0 linux/v18.0.0 promise", "js2", "2.1400.0"],
  ["aws-sdk-js/3.400.0 ua/2.0 os/linux#5.10 lang/js md/nodejs#18", "js3", "3.400.0"],
  ["aws-sdk-dotnet-coreclr/3.3.5.0 aws-sdk-dotnet-core/3.3.17.4 .NET_Core/4.6", "dotnet3", "3.3.17.4"],
  [
    "aws-sdk-dotnet-coreclr/3.7.305.28 ua/2.0 os/linux lang/.NET_Core#8.0.2 md/aws-sdk-dotnet-core#3.7.302.12 api/S3#3.7.305.28",
    "dotnet3",
    "3.7.302.12",
  ],
  ["aws-sdk-dotnet-coreclr/4.0.1.2 ua/2.1 os/linux", "dotnet4", null],
  ["aws-sdk-dotnet-45/3.5.1.2 OS/Windows", "dotnet3", null],
  ["aws-sdk-ruby3/3.180.0 ua/2.0 api/s3#1.130.0", "ruby", "3.180.0"],
  ["aws-sdk-php/3.280.0 ua/2.0 OS/Linux#5.10 lang/php#8.2", "php", "3.280.0"],
  ["aws-sdk-rust/1.3.3 ua/2.1 api/sts#1.50.0", "rust", "1.3.3"],
  ["aws-sdk-cpp/1.11.200 ua/2.0 os/Linux", "cpp", "1.11.200"],
  ["aws-sdk-kotlin/1.0.0 ua/2.0 api/s3#1.0.0", "kotlin", "1.0.0"],
])("the user agent %s is of %s %s", (userAgent, sdk, version) => {
  expect(sdkOfUserAgent(userAgent)).toEqual({ sdk, version });
});

test.each([
  "",
  "pods.eks.amazonaws.com",
  "eks-pod-identity-agent/v0.1.37",
  "curl/8.0.1",
  "aws-sdk-java/3.0.0",
  "xaws-cli/2.0.0",
  "aws-sdk-go-v2/release",
])("the user agent %j is of no known SDK", (userAgent) => {
  expect(sdkOfUserAgent(userAgent)).toBeNull();
});

test.each([
  ["java2", "2.20.1", "pod-identity", true],
  ["java2", "2.21.30", "pod-identity", false],
  ["java1", "1.12.745", "pod-identity", true],
  ["java1", "1.12.261", "irsa", false],
  ["java1", "1.9.9", "irsa", true],
  ["js3", "3.457.9", "pod-identity", true],
  ["js3", "3.1000.0", "pod-identity", false],
  ["aws-cli", "1.29.9", "pod-identity", true],
  ["aws-cli", "2.14.6", "pod-identity", true],
  ["aws-cli", "2.0.0", "irsa", false],
  ["aws-cli", "1.16.231", "irsa", true],
  ["go2", "1.17.0", "pod-identity", true],
  ["go2", "0.1.0", "irsa", false],
  ["dotnet3", "3.7.301.9", "pod-identity", true],
  ["dotnet3", "3.7.302.12", "pod-identity", false],
  ["dotnet3", "3.3.104.13", "irsa", true],
  ["dotnet3", "3.3.104.14", "irsa", false],
  ["dotnet4", "4.0.0.1", "pod-identity", false],
  ["dotnet4", "4.0.0.1", "irsa", false],
  ["rust", "1.1.7", "pod-identity", true],
  ["rust", "0.55.3", "pod-identity", true],
  ["rust", "1.1.8", "pod-identity", false],
  ["rust", "1.0.0", "irsa", null],
  ["java2", null, "irsa", null],
  [null, "1.0.0", "irsa", null],
  ["java2", "unknown", "irsa", null],
] as const)("%s %s is too old for %s: %s", (sdk, version, mechanism, tooOld) => {
  expect(tooOldFor(sdk, version, mechanism)).toBe(tooOld);
});
