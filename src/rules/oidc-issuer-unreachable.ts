import { known } from "../core/identity.ts";
import { issuerOf } from "../core/irsa.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const oidcIssuerUnreachable = defineRule({
  id: "oidc-issuer-unreachable",
  meta: {
    title: "STS cannot fetch the keys of the OIDC issuer",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
    ],
    unless: ["The token itself is refused: other errors say so."],
    messages: {
      unreachable:
        "STS could not fetch the signing keys of {{issuer}}, so it cannot check the token of container {{containers}} ({{excerpt}}).",
    },
  },
  when: whenSign("oidc-keys-unreachable"),
  needs: [],
  wants: ["eks.cluster"],

  check(evidence) {
    const sign = signOf(evidence, "oidc-keys-unreachable");
    if (sign === null) return pass();
    const cluster = known(evidence["eks.cluster"]);
    const issuer = (cluster === null ? null : issuerOf(cluster)) ?? "the cluster's issuer";
    return fail(
      "unreachable",
      { ...signData(sign), issuer },
      {
        manual: [
          {
            title:
              "Ask for the issuer's configuration from outside the VPC: STS has to reach it, too. An issuer of EKS answers again after a while; then a retry is enough",
            command:
              cluster?.oidcIssuer == null
                ? null
                : `curl -fsS ${cluster.oidcIssuer}/.well-known/openid-configuration`,
          },
        ],
      },
    );
  },
});
