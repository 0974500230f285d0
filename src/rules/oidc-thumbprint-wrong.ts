import { issuerOf } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const oidcThumbprintWrong = defineRule({
  id: "oidc-thumbprint-wrong",
  meta: {
    title: "STS does not trust the certificate of the OIDC issuer",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html",
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ],
    unless: [
      "The issuer is one of EKS (oidc.eks.…): its certificate is publicly trusted, so a wrong or missing thumbprint does no harm.",
    ],
    messages: {
      thumbprint:
        "STS refuses the tokens of container {{containers}} because the certificate of {{issuer}} matches no thumbprint of its IAM OIDC provider ({{excerpt}}).",
    },
  },
  when: whenSign("oidc-thumbprint-refused"),
  needs: ["eks.cluster"],

  check(evidence) {
    const sign = signOf(evidence, "oidc-thumbprint-refused");
    if (sign === null) return pass();
    const cluster = evidence["eks.cluster"];
    const issuer = cluster.status === "found" ? issuerOf(cluster.value) : null;
    if (issuer === null) return notApplicable("the cluster shows no OIDC issuer");
    // The issuers of EKS have publicly trusted certificates, for which thumbprints do not count.
    if (issuer.startsWith("oidc.eks.")) return pass();
    return fail(
      "thumbprint",
      { ...signData(sign), issuer },
      {
        manual: [
          {
            title:
              "Give the provider the thumbprint of the certificate authority that signs the issuer's certificate",
            command: `aws iam list-open-id-connect-providers`,
          },
        ],
      },
    );
  },
});
