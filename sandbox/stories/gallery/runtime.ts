import type { PodSpec } from "../../cluster/objects.ts";
import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

const tokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/** The pod's containers as this user, without a group for its volumes. */
function asUser(runAsUser: number) {
  return (spec: PodSpec): PodSpec => ({ ...spec, securityContext: { runAsUser } });
}

/** Faults between a right role and a program: token files, STS and its endpoints, clocks, SDKs. */
export const runtime: Theme = {
  title: "IAM roles for service accounts: on the way from the token to the role",
  stories: [
    scene({
      at: "couriers/couriers",
      about:
        "The container starts as root, and its entry point changes to a user that may not read the token",
      rule: "token-file-permission",
      calls: ["dynamodb:GetItem table/Couriers"],
      becomesUser: 1000,
      irsa: {},
      pod: asUser(0),
    }),
    scene({
      at: "drones/drones",
      about: "The variables were written by hand, and no annotation gives the pods a token",
      rule: "token-file-missing",
      sdk: "go-v2",
      calls: ["sqs:SendMessage drones"],
      irsa: { annotation: () => null },
      manifest: {
        env: {
          AWS_REGION: "us-west-2",
          AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/eks-gallery-drones",
          AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        },
      },
    }),
    scene({
      at: "kiosks/kiosks",
      about: "The program read its token once, more than a day ago",
      rule: "token-expired-not-reread",
      calls: ["dynamodb:GetItem table/Kiosks"],
      keeps: "token",
      irsa: {},
      hoursAgo: 40,
    }),
    scene({
      at: "brokers/brokers",
      about: "The program keeps the keys of its first session",
      rule: "session-expired-not-refreshed",
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Brokers"],
      keeps: "session",
      irsa: {},
    }),
    scene({
      at: "sensors/sensors",
      about: "The node's clock is seventeen minutes slow",
      rule: "clock-skew",
      sdk: "js-v3",
      calls: ["dynamodb:PutItem table/Sensors"],
      on: "slow-clock",
      irsa: {},
    }),
    scene({
      at: "branches/branches",
      about: "A private VPC whose endpoint serves the regional STS, and a program that asks the global one",
      rule: "sts-endpoint-unreachable",
      calls: ["dynamodb:GetItem table/Branches"],
      on: "private",
      irsa: {},
      manifest: { env: { AWS_STS_REGIONAL_ENDPOINTS: "legacy" } },
    }),
    scene({
      at: "embassies/embassies",
      about: "The program works in a Region for which the account has not opted in",
      rule: "sts-region-disabled",
      sdk: "go-v2",
      calls: ["dynamodb:GetItem table/Embassies"],
      irsa: {},
      manifest: { env: { AWS_REGION: "ap-east-1" } },
    }),
    scene({
      at: "lookouts/lookouts",
      about: "The program signs for its own Region, and asks the global endpoint of STS",
      rule: "sts-wrong-endpoint",
      calls: ["sts:GetCallerIdentity"],
      irsa: {},
      manifest: { env: { AWS_ENDPOINT_URL_STS: "https://sts.amazonaws.com" } },
    }),
    scene({
      at: "crowds/crowds",
      about: "Everybody asks STS at once, more often than it lets the account",
      rule: "sts-throttled",
      calls: ["dynamodb:GetItem table/Crowds"],
      irsa: {},
      twist: ({ account, roleArn }) => account.throttle("sts:AssumeRoleWithWebIdentity", roleArn),
    }),
    scene({
      at: "lanterns/lanterns",
      about: "The Java SDK has no STS module, and the metadata service is out of reach",
      rule: "sts-module-missing",
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Lanterns"],
      withoutStsModule: true,
      on: "hop-limit",
      irsa: {},
    }),
    scene({
      at: "pumps/pumps",
      about: "The program names the instance's role itself, whatever the pod is given",
      rule: "app-bypasses-default-chain",
      sdk: "go-v2",
      calls: ["dynamodb:PutItem table/Pumps"],
      provider: "instance-metadata",
      irsa: {},
    }),
    scene({
      at: "couplers/couplers",
      about: "The program assumes a second role for longer than the hour that a chain gives",
      rule: "role-chaining-limit",
      calls: ["sts:AssumeRole arn:aws:iam::111122223333:role/couplers-target"],
      sessions: { seconds: 7_200 },
      irsa: {},
    }),
  ],
};
