import type { Sdk } from "./sdk.ts";

/** Where an SDK looks for credentials, as the AWS SDKs and Tools Reference Guide names the sources. */
export type Provider =
  | "system-properties"
  | "environment"
  | "assume-role-profile"
  | "web-identity"
  | "profile"
  | "container"
  | "instance-profile";

/** What happens when a source is configured and gives no credentials. */
export type OnFailure =
  /** The next source is tried, without an error that the application sees. */
  | "next"
  /** The call ends with an error. */
  | "error"
  /** The call goes out without a signature, and AWS answers to an anonymous caller. */
  | "unsigned";

export interface Link {
  readonly provider: Provider;
  readonly onFailure: OnFailure;
}

export interface Chain {
  readonly links: readonly Link[];
  /** Half a pair of access keys ends the search, where others take it for none. */
  readonly halfKeysAreErrors: boolean;
  /** `AWS_PROFILE` makes the SDK pass by the keys in the environment. */
  readonly profileHidesEnvironment: boolean;
  /** The source that gave credentials first is kept until the process ends. */
  readonly keepsFirstSource: boolean;
  /** Web identity needs a module that the application has to bring along. */
  readonly needsStsModule: boolean;
}

type Traits = Partial<Omit<Chain, "links">>;

/** `web-identity!` ends with an error when it fails, `container?` leaves the call unsigned; others pass on. */
function chain(order: string, traits: Traits = {}): Chain {
  const links = order.split(" ").map((word): Link => {
    const onFailure = word.endsWith("!") ? "error" : word.endsWith("?") ? "unsigned" : "next";
    return { provider: word.replace(/[!?]$/, "") as Provider, onFailure };
  });
  return {
    links,
    halfKeysAreErrors: false,
    profileHidesEnvironment: false,
    keepsFirstSource: false,
    needsStsModule: false,
    ...traits,
  };
}

const botocore = chain("environment assume-role-profile! web-identity! profile container! instance-profile", {
  halfKeysAreErrors: true,
});
const go = chain("environment web-identity! profile! container! instance-profile!");

/**
 * The default chains, first hit first. An overview is
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html#credentialProviderChain; what becomes of
 * a source that fails is in each SDK's source only.
 */
const chains: Readonly<Record<Sdk, Chain>> = {
  // aws-sdk-java: DefaultAWSCredentialsProviderChain, EC2ContainerCredentialsProviderWrapper (one of the two, never both)
  java1: chain("environment system-properties web-identity profile container! instance-profile!", {
    keepsFirstSource: true,
    needsStsModule: true,
  }),
  // aws-sdk-java-v2: DefaultCredentialsProvider, AwsCredentialsProviderChain (any RuntimeException: the next)
  java2: chain("system-properties environment web-identity profile container instance-profile!", {
    keepsFirstSource: true,
    needsStsModule: true,
  }),
  // botocore: credentials.py, create_credential_resolver
  boto3: botocore,
  botocore,
  "aws-cli": botocore,
  // aws-sdk-go: aws/session/credentials.go; aws-sdk-go-v2: config/resolve_credentials.go
  go1: go,
  go2: go,
  // aws-sdk-js: lib/node_loader.js. The container comes before web identity: the reverse of all others
  js2: chain("environment profile container web-identity instance-profile!"),
  // aws-sdk-js-v3: credential-provider-node, defaultProvider
  js3: chain("environment profile web-identity! container! instance-profile!", {
    profileHidesEnvironment: true,
  }),
  // aws-sdk-net: FallbackCredentialsFactory. Web identity comes before the keys in the environment
  dotnet3: chain("web-identity! profile environment container! instance-profile!", {
    needsStsModule: true,
  }),
  // aws-sdk-net: DefaultAWSCredentialsIdentityResolver
  dotnet4: chain("environment web-identity! profile container! instance-profile!", {
    needsStsModule: true,
  }),
  // aws-sdk-ruby: credential_provider_chain.rb
  ruby: chain("environment web-identity! profile container! instance-profile!"),
  // https://docs.aws.amazon.com/sdk-for-php/v3/developer-guide/guide_credentials_default_chain.html
  php: chain("environment web-identity profile container! instance-profile!"),
  // smithy-rs: aws-config, default_provider/credentials.rs (only CredentialsNotLoaded moves on)
  rust: chain("environment profile! web-identity! container! instance-profile!"),
  // aws-sdk-cpp: AWSCredentialsProviderChain.cpp; AWSAuthV4Signer signs nothing without credentials
  cpp: chain("environment profile web-identity container? instance-profile?", { keepsFirstSource: true }),
  // aws-sdk-kotlin: DefaultChainCredentialsProvider (any failure: the next)
  kotlin: chain("system-properties environment web-identity profile container instance-profile!"),
};

/** The order that most SDKs keep, for a container whose SDK is not known. */
const commonOrder = chain("environment web-identity profile container instance-profile");

/** The default chain of an SDK; null: of one that is not known, in which the failures mean nothing. */
export function chainOf(sdk: Sdk | null): Chain {
  return sdk === null ? commonOrder : chains[sdk];
}

/**
 * What a container shows when its injected identity is broken: `silently` the next source, which on a node is mostly
 * the node's role, an `error`, or calls without a signature. Null: that depends on the SDK, which is not known.
 */
export function fallsThrough(
  sdk: Sdk | null,
  mechanism: "irsa" | "pod-identity",
): "silently" | "error" | "unsigned" | null {
  if (sdk === null) return null;
  const provider = mechanism === "irsa" ? "web-identity" : "container";
  switch (chainOf(sdk).links.find((link) => link.provider === provider)?.onFailure) {
    case "next":
      return "silently";
    case "unsigned":
      return "unsigned";
    default:
      return "error";
  }
}
