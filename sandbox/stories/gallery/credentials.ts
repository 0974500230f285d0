import { allow } from "../policies.ts";
import { type Stage, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

const tokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/** An IAM user of the account with this access key, which may read a bucket and nothing else. */
function addUser({ account }: Stage, name: string, accessKeyId: string): void {
  account.addCaller({
    accessKeyId,
    secretAccessKey: "of-a-user",
    principalArn: `arn:aws:iam::${account.accountId}:user/${name}`,
    policies: [
      { name: "read", document: allow("Read", ["s3:GetObject"], ["arn:aws:s3:::eks-gallery-public/*"]) },
    ],
  });
}

/** Everything is right but that the program finds other credentials first. */
export const credentials: Theme = {
  title: "Other credentials come first",
  stories: [
    scene({
      at: "couriers-legacy/couriers",
      about: "The access keys of a user stand in the pod spec, before the role",
      rule: "static-keys-override",
      sdk: "go-v2",
      calls: ["sqs:SendMessage couriers"],
      irsa: {},
      manifest: { env: { AWS_ACCESS_KEY_ID: "KEYOFTHEUSER", AWS_SECRET_ACCESS_KEY: "of-a-user" } },
      twist: (stage) => addUser(stage, "couriers", "KEYOFTHEUSER"),
    }),
    scene({
      at: "postbox/postbox",
      about: "Keys in the pod spec that nobody has any more",
      rule: "static-keys-override",
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Postbox"],
      podIdentity: {},
      manifest: { env: { AWS_ACCESS_KEY_ID: "KEYOFNOBODY", AWS_SECRET_ACCESS_KEY: "gone" } },
    }),
    scene({
      at: "halves/halves",
      about: "Half a pair of access keys was left behind",
      rule: "static-keys-empty-or-partial",
      calls: ["dynamodb:GetItem table/Halves"],
      irsa: {},
      manifest: { env: { AWS_ACCESS_KEY_ID: "KEYWITHOUTSECRET" } },
    }),
    scene({
      at: "attic/attic",
      about: "The image has a file with keys that nobody has any more",
      rule: "bad-keys",
      sdk: "js-v3",
      calls: ["dynamodb:GetItem table/Attic"],
      keysInImage: "KEYOFTHEATTIC",
      podIdentity: {},
    }),
    scene({
      at: "profiles/profiles",
      about: "A profile is named that no file has",
      rule: "profile-override",
      calls: ["s3:GetObject eks-gallery-profiles/me.json"],
      irsa: {},
      manifest: { env: { AWS_PROFILE: "production" } },
    }),
    scene({
      at: "lookalikes/lookalikes",
      about: "The pod spec names another role than the annotation, which does not trust the pods",
      rule: "role-arn-override",
      calls: ["dynamodb:GetItem table/Lookalikes"],
      irsa: {},
      manifest: {
        env: {
          AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/eks-gallery-lookalikes-former",
          AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        },
      },
    }),
  ],
};
