import type { Rule } from "../core/rule.ts";
import { addonOwnedAssociation } from "./addon-owned-association.ts";
import { agentAddonMissing } from "./agent-addon-missing.ts";
import { agentBearerPrefix } from "./agent-bearer-prefix.ts";
import { agentContextCanceled } from "./agent-context-canceled.ts";
import { agentEmptyToken } from "./agent-empty-token.ts";
import { agentIpv6Disabled } from "./agent-ipv6-disabled.ts";
import { agentNotOnNode } from "./agent-not-on-node.ts";
import { agentPortConflict } from "./agent-port-conflict.ts";
import { agentThrottled } from "./agent-throttled.ts";
import { agentWrongAddress } from "./agent-wrong-address.ts";
import { appBypassesDefaultChain } from "./app-bypasses-default-chain.ts";
import { associationDuplicate } from "./association-duplicate.ts";
import { associationQuota } from "./association-quota.ts";
import { associationRoleChangedOldCreds } from "./association-role-changed-old-creds.ts";
import { badKeys } from "./bad-keys.ts";
import { clockSkew } from "./clock-skew.ts";
import { clusterVersionUnsupported } from "./cluster-version-unsupported.ts";
import { containerSkipped } from "./container-skipped.ts";
import { dataPlaneOwnAuthorization } from "./data-plane-own-authorization.ts";
import { eksAuthUnreachable } from "./eks-auth-unreachable.ts";
import { encodedDenial } from "./encoded-denial.ts";
import { ephemeralOrExecShell } from "./ephemeral-or-exec-shell.ts";
import { explicitDenyIdentityPolicy } from "./explicit-deny-identity-policy.ts";
import { hostnetworkNodeRole } from "./hostnetwork-node-role.ts";
import { iamEventualConsistency } from "./iam-eventual-consistency.ts";
import { identityPolicyConditionMismatch } from "./identity-policy-condition-mismatch.ts";
import { identityPolicyMissingAction } from "./identity-policy-missing-action.ts";
import { identityPolicyResourceMismatch } from "./identity-policy-resource-mismatch.ts";
import { imdsBlocked } from "./imds-blocked.ts";
import { imdsHopLimit1 } from "./imds-hop-limit-1.ts";
import { imdsRegionOrVpcUnreachable } from "./imds-region-or-vpc-unreachable.ts";
import { injectionMissedWebhookFlap } from "./injection-missed-webhook-flap.ts";
import { ipv6ClusterAddress } from "./ipv6-cluster-address.ts";
import { irsaAnnotatedOtherSa } from "./irsa-annotated-other-sa.ts";
import { irsaAnnotationMissing } from "./irsa-annotation-missing.ts";
import { irsaAnnotationWrongKey } from "./irsa-annotation-wrong-key.ts";
import { irsaArnMalformed } from "./irsa-arn-malformed.ts";
import { irsaExplicitDenyTrust } from "./irsa-explicit-deny-trust.ts";
import { irsaRoleMissing } from "./irsa-role-missing.ts";
import { irsaScpDeniesWebidentity } from "./irsa-scp-denies-webidentity.ts";
import { irsaTrustAudMismatch } from "./irsa-trust-aud-mismatch.ts";
import { irsaTrustConditionsAnded } from "./irsa-trust-conditions-anded.ts";
import { irsaTrustNoFederated } from "./irsa-trust-no-federated.ts";
import { irsaTrustSizeLimit } from "./irsa-trust-size-limit.ts";
import { irsaTrustSubMismatch } from "./irsa-trust-sub-mismatch.ts";
import { irsaTrustWildcardWithStringequals } from "./irsa-trust-wildcard-with-stringequals.ts";
import { irsaTrustWrongAction } from "./irsa-trust-wrong-action.ts";
import { irsaWrongAccount } from "./irsa-wrong-account.ts";
import { kmsKeyDenied } from "./kms-key-denied.ts";
import { kube2iamKiamLeftover } from "./kube2iam-kiam-leftover.ts";
import { networkpolicyBlocksAgent } from "./networkpolicy-blocks-agent.ts";
import { noCredentialsNoIdentity } from "./no-credentials-no-identity.ts";
import { nodeRoleFallbackNoIdentity } from "./node-role-fallback-no-identity.ts";
import { nodeRoleLacksEksAuth } from "./node-role-lacks-eks-auth.ts";
import { nodeWithoutInstanceProfile } from "./node-without-instance-profile.ts";
import { notIam } from "./not-iam.ts";
import { oidcAudienceNotRegistered } from "./oidc-audience-not-registered.ts";
import { oidcIssuerUnreachable } from "./oidc-issuer-unreachable.ts";
import { oidcProviderMissing } from "./oidc-provider-missing.ts";
import { oidcProviderQuota } from "./oidc-provider-quota.ts";
import { oidcThumbprintWrong } from "./oidc-thumbprint-wrong.ts";
import { otherWebhookRemovedEnv } from "./other-webhook-removed-env.ts";
import { partialEnvSuppressesInjection } from "./partial-env-suppresses-injection.ts";
import { permissionsBoundary } from "./permissions-boundary.ts";
import { piPackedPolicyTooLarge } from "./pi-packed-policy-too-large.ts";
import { piRoleDeleted } from "./pi-role-deleted.ts";
import { piRoleOtherAccount } from "./pi-role-other-account.ts";
import { piScpOnTrust } from "./pi-scp-on-trust.ts";
import { piSessionPolicyDenies } from "./pi-session-policy-denies.ts";
import { piTargetRoleTrust } from "./pi-target-role-trust.ts";
import { piTransitiveTagsChain } from "./pi-transitive-tags-chain.ts";
import { piTrustConditionMismatch } from "./pi-trust-condition-mismatch.ts";
import { piTrustMissingPrincipal } from "./pi-trust-missing-principal.ts";
import { piTrustMissingTagsession } from "./pi-trust-missing-tagsession.ts";
import { piaAndIrsaBoth } from "./pia-and-irsa-both.ts";
import { piaOtherCluster } from "./pia-other-cluster.ts";
import { piaOtherNamespace } from "./pia-other-namespace.ts";
import { piaOtherServiceAccount } from "./pia-other-service-account.ts";
import { podIdentityUnsupportedCompute } from "./pod-identity-unsupported-compute.ts";
import { podOlderThanAnnotation } from "./pod-older-than-annotation.ts";
import { podOlderThanAssociation } from "./pod-older-than-association.ts";
import { podUsesDefaultSa } from "./pod-uses-default-sa.ts";
import { policyNotAttached } from "./policy-not-attached.ts";
import { policyNotDefaultVersion } from "./policy-not-default-version.ts";
import { profileOverride } from "./profile-override.ts";
import { proxyNoNoProxy } from "./proxy-no-no_proxy.ts";
import { rcpDeny } from "./rcp-deny.ts";
import { regionMissing } from "./region-missing.ts";
import { resourcePolicyDeny } from "./resource-policy-deny.ts";
import { resourcePolicyMissingCrossAccount } from "./resource-policy-missing-cross-account.ts";
import { roleArnOverride } from "./role-arn-override.ts";
import { roleChainingLimit } from "./role-chaining-limit.ts";
import { s3Bare403 } from "./s3-bare-403.ts";
import { saCreatedAfterPodRace } from "./sa-created-after-pod-race.ts";
import { scpDeny } from "./scp-deny.ts";
import { sdkTooOldForIrsa } from "./sdk-too-old-for-irsa.ts";
import { sdkTooOldForPodIdentity } from "./sdk-too-old-for-pod-identity.ts";
import { securityGroupForPods } from "./security-group-for-pods.ts";
import { sessionExpiredNotRefreshed } from "./session-expired-not-refreshed.ts";
import { sessionPolicyDeny } from "./session-policy-deny.ts";
import { sharedSaOverprivileged } from "./shared-sa-overprivileged.ts";
import { stalePrincipalInResourcePolicy } from "./stale-principal-in-resource-policy.ts";
import { staticKeysEmptyOrPartial } from "./static-keys-empty-or-partial.ts";
import { staticKeysOverride } from "./static-keys-override.ts";
import { stsEndpointUnreachable } from "./sts-endpoint-unreachable.ts";
import { stsModuleMissing } from "./sts-module-missing.ts";
import { stsRegionDisabled } from "./sts-region-disabled.ts";
import { stsThrottled } from "./sts-throttled.ts";
import { stsWrongEndpoint } from "./sts-wrong-endpoint.ts";
import { throttlingNotDenial } from "./throttling-not-denial.ts";
import { tokenExpiredNotReread } from "./token-expired-not-reread.ts";
import { tokenFileMissing } from "./token-file-missing.ts";
import { tokenFilePermission } from "./token-file-permission.ts";
import { vpcEndpointPolicyDeny } from "./vpc-endpoint-policy-deny.ts";
import { webhookCabundleWrong } from "./webhook-cabundle-wrong.ts";
import { webhookConfigurationMissing } from "./webhook-configuration-missing.ts";
import { webhookExcluded } from "./webhook-excluded.ts";
import { webhookPodDown } from "./webhook-pod-down.ts";
import { webhookUrlUnreachable } from "./webhook-url-unreachable.ts";
import { wrongAccountOrRegion } from "./wrong-account-or-region.ts";
import { wrongRoleAssociated } from "./wrong-role-associated.ts";

/**
 * Every failure mode, in the order in which a call meets them. An explicit list, so that imports, types and unused-code
 * checks see it.
 */
export const rules: readonly Rule[] = [
  nodeRoleFallbackNoIdentity,
  noCredentialsNoIdentity,
  imdsHopLimit1,
  imdsBlocked,
  nodeWithoutInstanceProfile,
  hostnetworkNodeRole,
  irsaAnnotationWrongKey,
  kube2iamKiamLeftover,
  irsaArnMalformed,
  piaOtherServiceAccount,
  podUsesDefaultSa,
  irsaAnnotatedOtherSa,
  irsaAnnotationMissing,
  piaOtherNamespace,
  piaOtherCluster,
  wrongRoleAssociated,
  addonOwnedAssociation,
  webhookConfigurationMissing,
  webhookCabundleWrong,
  webhookPodDown,
  webhookUrlUnreachable,
  webhookExcluded,
  clusterVersionUnsupported,
  podOlderThanAssociation,
  podOlderThanAnnotation,
  saCreatedAfterPodRace,
  piaAndIrsaBoth,
  injectionMissedWebhookFlap,
  otherWebhookRemovedEnv,
  containerSkipped,
  partialEnvSuppressesInjection,
  ephemeralOrExecShell,
  agentAddonMissing,
  agentNotOnNode,
  agentIpv6Disabled,
  agentPortConflict,
  nodeRoleLacksEksAuth,
  eksAuthUnreachable,
  agentContextCanceled,
  agentThrottled,
  agentBearerPrefix,
  agentEmptyToken,
  agentWrongAddress,
  proxyNoNoProxy,
  networkpolicyBlocksAgent,
  securityGroupForPods,
  ipv6ClusterAddress,
  podIdentityUnsupportedCompute,
  tokenFileMissing,
  tokenFilePermission,
  tokenExpiredNotReread,
  oidcProviderMissing,
  oidcAudienceNotRegistered,
  oidcProviderQuota,
  oidcThumbprintWrong,
  oidcIssuerUnreachable,
  stsEndpointUnreachable,
  stsRegionDisabled,
  stsWrongEndpoint,
  clockSkew,
  stsThrottled,
  irsaRoleMissing,
  irsaWrongAccount,
  irsaTrustNoFederated,
  irsaTrustWrongAction,
  irsaTrustSubMismatch,
  irsaTrustWildcardWithStringequals,
  irsaTrustAudMismatch,
  irsaTrustConditionsAnded,
  irsaTrustSizeLimit,
  irsaExplicitDenyTrust,
  irsaScpDeniesWebidentity,
  piRoleDeleted,
  piRoleOtherAccount,
  piTrustMissingPrincipal,
  piTrustMissingTagsession,
  piTrustConditionMismatch,
  piTargetRoleTrust,
  piPackedPolicyTooLarge,
  piScpOnTrust,
  iamEventualConsistency,
  associationRoleChangedOldCreds,
  staticKeysOverride,
  staticKeysEmptyOrPartial,
  profileOverride,
  roleArnOverride,
  sdkTooOldForPodIdentity,
  sdkTooOldForIrsa,
  stsModuleMissing,
  appBypassesDefaultChain,
  badKeys,
  sessionExpiredNotRefreshed,
  policyNotAttached,
  policyNotDefaultVersion,
  identityPolicyMissingAction,
  identityPolicyResourceMismatch,
  identityPolicyConditionMismatch,
  scpDeny,
  rcpDeny,
  permissionsBoundary,
  sessionPolicyDeny,
  piSessionPolicyDenies,
  piTransitiveTagsChain,
  vpcEndpointPolicyDeny,
  resourcePolicyDeny,
  explicitDenyIdentityPolicy,
  stalePrincipalInResourcePolicy,
  resourcePolicyMissingCrossAccount,
  kmsKeyDenied,
  roleChainingLimit,
  sharedSaOverprivileged,
  encodedDenial,
  s3Bare403,
  dataPlaneOwnAuthorization,
  notIam,
  regionMissing,
  imdsRegionOrVpcUnreachable,
  wrongAccountOrRegion,
  throttlingNotDenial,
  associationQuota,
  associationDuplicate,
];
