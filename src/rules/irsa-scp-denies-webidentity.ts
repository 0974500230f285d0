import { evaluate } from "../core/iam/evaluate.ts";
import { parsePolicy } from "../core/iam/policy.ts";
import { webIdentityContext } from "../core/iam/trust.ts";
import { irsaRole } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors } from "../core/subject.ts";
import { irsaTrust } from "../core/trust-view.ts";

export const irsaScpDeniesWebidentity = defineRule({
  id: "irsa-scp-denies-webidentity",
  meta: {
    title: "A resource control policy keeps web identities from the role",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ],
    unless: ["The trust policy refuses the token: other rules show where."],
    messages: {
      denied:
        "The trust policy of {{role}} lets the pods' tokens in, but STS refuses them: resource control policy {{policy}} above account {{account}} denies sts:AssumeRoleWithWebIdentity.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (irsaRole(evidence) === null) return "no role is given by annotation";
      const refused = currentErrors(evidence).some(({ kind }) => kind === "assume-role-web-identity-denied");
      return refused || "STS refuses no token";
    },
  },
  andWhen: {
    needs: ["k8s.service-account", "eks.association", "k8s.workload", "eks.cluster", "iam.role"],
    holds(evidence) {
      const trust = irsaTrust(evidence);
      if (!trust.ok) return trust.error;
      return trust.value.explanation.allowed || "the trust policy does not let the tokens in";
    },
  },
  needs: ["organizations.policies"],
  check(evidence) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, issuer, subject, audience, providerArn } = trust.value;
    const organization = evidence["organizations.policies"];
    if (organization.status === "absent") return pass();
    const request = {
      principal: providerArn,
      action: "sts:AssumeRoleWithWebIdentity",
      resource: role.arn,
      context: webIdentityContext(issuer, subject, audience),
    };
    for (const { name, document } of organization.value.resourceControlPolicies.flat()) {
      const policy = parsePolicy(document, "rcp");
      if (!policy.ok) continue;
      const { decision } = evaluate(request, {
        identityPolicies: [],
        resourceControlPolicies: [[{ name, policy: policy.value }]],
      });
      if (decision !== "explicitDeny") continue;
      const { accountId } = organization.value;
      return fail(
        "denied",
        { role: role.arn, policy: name, account: accountId },
        {
          manual: [
            {
              title: "Ask the organization's administrators to exempt this role, or tokens of this issuer",
              command: `aws organizations list-policies-for-target --target-id ${shellWord(accountId)} --filter RESOURCE_CONTROL_POLICY`,
            },
          ],
        },
      );
    }
    return pass();
  },
});
