/**
 * Key policies and role trust policies must themselves allow, also within one account.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
 */
export function resourceMustAllow(
  action: string,
  service: string | undefined,
  resource: string | undefined,
): boolean {
  if (action.startsWith("kms:")) return service === "kms" && resource?.startsWith("key/") === true;
  return isAboutSessions(action) && service === "iam" && resource?.startsWith("role/") === true;
}

/**
 * What the trust policy of a role has to allow: assuming it, and what the caller asks of the session beside that.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 */
function isAboutSessions(action: string): boolean {
  return (
    action.startsWith("sts:assumerole") ||
    action === "sts:tagsession" ||
    action === "sts:setsourceidentity" ||
    action === "sts:setcontext"
  );
}
