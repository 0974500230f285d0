import type { Rule } from "../core/rule.ts";
import { agentAddonMissing } from "./agent-addon-missing.ts";
import { agentNotOnNode } from "./agent-not-on-node.ts";
import { badKeys } from "./bad-keys.ts";
import { containerSkipped } from "./container-skipped.ts";
import { dataPlaneOwnAuthorization } from "./data-plane-own-authorization.ts";
import { encodedDenial } from "./encoded-denial.ts";
import { explicitDenyIdentityPolicy } from "./explicit-deny-identity-policy.ts";
import { identityPolicyConditionMismatch } from "./identity-policy-condition-mismatch.ts";
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
import { kmsKeyDenied } from "./kms-key-denied.ts";
import { noCredentialsNoIdentity } from "./no-credentials-no-identity.ts";
import { nodeRoleFallbackNoIdentity } from "./node-role-fallback-no-identity.ts";
import { notIam } from "./not-iam.ts";
import { oidcAudienceNotRegistered } from "./oidc-audience-not-registered.ts";
import { oidcProviderMissing } from "./oidc-provider-missing.ts";
import { partialEnvSuppressesInjection } from "./partial-env-suppresses-injection.ts";
import { permissionsBoundary } from "./permissions-boundary.ts";
import { piRoleDeleted } from "./pi-role-deleted.ts";
import { piTrustConditionMismatch } from "./pi-trust-condition-mismatch.ts";
import { piTrustMissingPrincipal } from "./pi-trust-missing-principal.ts";
import { piTrustMissingTagsession } from "./pi-trust-missing-tagsession.ts";
import { piaAndIrsaBoth } from "./pia-and-irsa-both.ts";
import { piaOtherServiceAccount } from "./pia-other-service-account.ts";
import { podOlderThanAnnotation } from "./pod-older-than-annotation.ts";
import { podOlderThanAssociation } from "./pod-older-than-association.ts";
import { policyNotAttached } from "./policy-not-attached.ts";
import { policyNotDefaultVersion } from "./policy-not-default-version.ts";
import { rcpDeny } from "./rcp-deny.ts";
import { regionMissing } from "./region-missing.ts";
import { resourcePolicyDeny } from "./resource-policy-deny.ts";
import { resourcePolicyMissingCrossAccount } from "./resource-policy-missing-cross-account.ts";
import { s3Bare403 } from "./s3-bare-403.ts";
import { scpDeny } from "./scp-deny.ts";
import { sessionPolicyDeny } from "./session-policy-deny.ts";
import { stalePrincipalInResourcePolicy } from "./stale-principal-in-resource-policy.ts";
import { staticKeysOverride } from "./static-keys-override.ts";
import { throttlingNotDenial } from "./throttling-not-denial.ts";
import { vpcEndpointPolicyDeny } from "./vpc-endpoint-policy-deny.ts";
import { webhookCabundleWrong } from "./webhook-cabundle-wrong.ts";
import { webhookConfigurationMissing } from "./webhook-configuration-missing.ts";
import { webhookExcluded } from "./webhook-excluded.ts";
import { wrongAccountOrRegion } from "./wrong-account-or-region.ts";

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
  badKeys,
  policyNotAttached,
  policyNotDefaultVersion,
  identityPolicyMissingAction,
  identityPolicyResourceMismatch,
  identityPolicyConditionMismatch,
  scpDeny,
  rcpDeny,
  permissionsBoundary,
  sessionPolicyDeny,
  vpcEndpointPolicyDeny,
  resourcePolicyDeny,
  explicitDenyIdentityPolicy,
  stalePrincipalInResourcePolicy,
  resourcePolicyMissingCrossAccount,
  kmsKeyDenied,
  encodedDenial,
  s3Bare403,
  dataPlaneOwnAuthorization,
  notIam,
  regionMissing,
  wrongAccountOrRegion,
  throttlingNotDenial,
];
