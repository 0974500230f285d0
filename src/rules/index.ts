import type { Rule } from "../core/rule.ts";
import { agentAddonMissing } from "./agent-addon-missing.ts";
import { agentNotOnNode } from "./agent-not-on-node.ts";
import { containerSkipped } from "./container-skipped.ts";
import { identityPolicyMissingAction } from "./identity-policy-missing-action.ts";
import { identityPolicyResourceMismatch } from "./identity-policy-resource-mismatch.ts";
import { injectionMissedWebhookFlap } from "./injection-missed-webhook-flap.ts";
import { irsaArnMalformed } from "./irsa-arn-malformed.ts";
import { irsaRoleMissing } from "./irsa-role-missing.ts";
import { irsaTrustAudMismatch } from "./irsa-trust-aud-mismatch.ts";
import { irsaTrustNoFederated } from "./irsa-trust-no-federated.ts";
import { irsaTrustSubMismatch } from "./irsa-trust-sub-mismatch.ts";
import { irsaTrustWildcardWithStringequals } from "./irsa-trust-wildcard-with-stringequals.ts";
import { irsaTrustWrongAction } from "./irsa-trust-wrong-action.ts";
import { noCredentialsNoIdentity } from "./no-credentials-no-identity.ts";
import { nodeRoleFallbackNoIdentity } from "./node-role-fallback-no-identity.ts";
import { oidcAudienceNotRegistered } from "./oidc-audience-not-registered.ts";
import { oidcProviderMissing } from "./oidc-provider-missing.ts";
import { partialEnvSuppressesInjection } from "./partial-env-suppresses-injection.ts";
import { piRoleDeleted } from "./pi-role-deleted.ts";
import { piTrustConditionMismatch } from "./pi-trust-condition-mismatch.ts";
import { piTrustMissingPrincipal } from "./pi-trust-missing-principal.ts";
import { piTrustMissingTagsession } from "./pi-trust-missing-tagsession.ts";
import { piaAndIrsaBoth } from "./pia-and-irsa-both.ts";
import { piaOtherServiceAccount } from "./pia-other-service-account.ts";
import { podOlderThanAnnotation } from "./pod-older-than-annotation.ts";
import { podOlderThanAssociation } from "./pod-older-than-association.ts";
import { staticKeysOverride } from "./static-keys-override.ts";
import { webhookCabundleWrong } from "./webhook-cabundle-wrong.ts";
import { webhookConfigurationMissing } from "./webhook-configuration-missing.ts";
import { webhookExcluded } from "./webhook-excluded.ts";

/**
 * Every failure mode, in the order in which a call meets them. An explicit list, so that imports, types and unused-code
 * checks see it.
 */
export const rules: readonly Rule[] = [
  nodeRoleFallbackNoIdentity,
  noCredentialsNoIdentity,
  irsaArnMalformed,
  piaOtherServiceAccount,
  webhookConfigurationMissing,
  webhookCabundleWrong,
  webhookExcluded,
  podOlderThanAssociation,
  podOlderThanAnnotation,
  piaAndIrsaBoth,
  injectionMissedWebhookFlap,
  containerSkipped,
  partialEnvSuppressesInjection,
  agentAddonMissing,
  agentNotOnNode,
  oidcProviderMissing,
  oidcAudienceNotRegistered,
  irsaRoleMissing,
  irsaTrustNoFederated,
  irsaTrustWrongAction,
  irsaTrustSubMismatch,
  irsaTrustWildcardWithStringequals,
  irsaTrustAudMismatch,
  piRoleDeleted,
  piTrustMissingPrincipal,
  piTrustMissingTagsession,
  piTrustConditionMismatch,
  staticKeysOverride,
  identityPolicyMissingAction,
  identityPolicyResourceMismatch,
];
