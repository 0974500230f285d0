import type { Evidence, LogErrorGroup } from "../core/evidence.ts";
import { expectedIdentity, isExpectedRole, known } from "../core/identity.ts";
import { isKmsCall } from "../core/kms.ts";
import { stalePrincipals } from "../core/resource-policies.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors, currentSigns, deniedCalls, describeCall, listed } from "../core/subject.ts";

export const kmsKeyDenied = defineRule({
  id: "kms-key-denied",
  meta: {
    title: "The KMS key behind the resource does not let the role in",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
      "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html",
    ],
    unless: [
      "The text says that no identity-based policy allows kms:Decrypt: see identity-policy-missing-action.",
    ],
    messages: {
      key: "{{role}} may not {{calls}}: the policy of the key does not let it. A role's own policies count for a key only where the key's policy hands that decision to IAM.",
      hidden:
        "A call of {{role}} failed at the KMS key that encrypts the resource ({{excerpt}}); the text names no key. Both the role's policies and the key's policy must allow kms:Decrypt, and kms:GenerateDataKey to write.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds: (evidence) =>
      keyDenials(evidence).length > 0 || hidden(evidence) !== null || "nothing was refused by KMS",
  },
  needs: [],
  wants: ["aws.resource-policies", "iam.role"],
  check(evidence) {
    const role = expectedIdentity(evidence)?.roleArn ?? "";
    const denials = keyDenials(evidence);
    if (namesDeletedRole(denials, evidence)) {
      return notApplicable("the key's policy names a role that was deleted");
    }
    if (denials.length > 0) {
      const keys = denials.flatMap(({ resource }) => resource ?? []);
      const [key] = keys;
      const read = known(evidence["aws.resource-policies"])?.policies.some(
        ({ document }) => document !== null,
      );
      const command = `aws kms get-key-policy --key-id ${shellWord(key ?? "<key>")} --policy-name default`;
      const title = `Allow the role in the policy of the key${read === true ? "" : ", which could not be read"}, or let the key's policy hand the decision to IAM of its account`;
      return fail(
        "key",
        { role, calls: listed(denials.map(describeCall)) },
        { manual: [{ title, command }] },
      );
    }
    const excerpt = hidden(evidence);
    if (excerpt === null) return pass();
    return fail(
      "hidden",
      { role, excerpt },
      {
        manual: [
          {
            title:
              "Find the key of the secret (or of the bucket, queue or table), then allow the role kms:Decrypt in its own policies and in the key's policy",
            command: `aws secretsmanager describe-secret --secret-id ${shellWord("<secret>")} --query KmsKeyId --output text`,
          },
        ],
      },
    );
  },
});

/** Denied by the key's policy: where an identity policy is named, the role's own policies are at fault. */
function keyDenials(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    (error) =>
      isKmsCall(error) &&
      error.principalArn !== null &&
      isExpectedRole(evidence, error.principalArn) &&
      error.denyLayer === "resource-based",
  );
}

/** Does the policy of one of the keys name a role that is gone? That tells more. */
function namesDeletedRole(denials: readonly LogErrorGroup[], evidence: Evidence): boolean {
  const policies = evidence["aws.resource-policies"];
  const role = known(evidence["iam.role"]);
  if (policies?.status !== "found" || role === null) return false;
  const keys = denials.map(({ resource }) => resource);
  return stalePrincipals(policies, role.roleId).some(({ resourceArn }) => keys.includes(resourceArn));
}

/** What a service says of its key when the text spells out no call; null: nothing of the kind. */
function hidden(evidence: Evidence): string | null {
  const spelled = deniedCalls(currentErrors(evidence)).some(isKmsCall);
  const sign = currentSigns(evidence).find(({ sign: id }) => id === "kms-refused");
  return spelled || sign === undefined || expectedIdentity(evidence)?.roleArn == null ? null : sign.excerpt;
}
