/** `arn:partition:service:region:account-id:resource`; region and account may be empty. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything after the fifth colon; may hold colons itself (`function:name:1`). */
  readonly resource: string;
}

export interface RoleSession {
  readonly accountId: string;
  readonly roleName: string;
  readonly sessionName: string;
}

/**
 * The parts of an ARN, or null where the text is none. Patterns with wildcards are ARNs too, as long as they have
 * all six parts: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function parseArn(text: string): Arn | null {
  if (!text.startsWith("arn:")) return null;
  const partitionEnd = text.indexOf(":", 4);
  const serviceEnd = partitionEnd < 0 ? -1 : text.indexOf(":", partitionEnd + 1);
  const regionEnd = serviceEnd < 0 ? -1 : text.indexOf(":", serviceEnd + 1);
  const accountEnd = regionEnd < 0 ? -1 : text.indexOf(":", regionEnd + 1);
  if (accountEnd < 0 || accountEnd + 1 >= text.length) return null;
  if (partitionEnd === 4 || serviceEnd === partitionEnd + 1) return null;
  return {
    partition: text.slice(4, partitionEnd),
    service: text.slice(partitionEnd + 1, serviceEnd),
    region: text.slice(serviceEnd + 1, regionEnd),
    accountId: text.slice(regionEnd + 1, accountEnd),
    resource: text.slice(accountEnd + 1),
  };
}

/** Twelve digits. The account field of an ARN may hold another word: `aws` in the ARN of a policy that AWS manages. */
export function isAccountId(text: string): boolean {
  return /^\d{12}$/.test(text);
}

/**
 * Role and session of `arn:aws:sts::111122223333:assumed-role/RoleName/SessionName`; null for every other text.
 * The ARN of a session does not carry the role's path:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export function roleOfSession(arn: string): RoleSession | null {
  const parsed = parseArn(arn);
  if (parsed?.service !== "sts" || !parsed.resource.startsWith("assumed-role/")) return null;
  const [, roleName, sessionName, ...rest] = parsed.resource.split("/");
  if (roleName === undefined || roleName === "" || sessionName === undefined || rest.length > 0) return null;
  return { accountId: parsed.accountId, roleName, sessionName };
}

/** Account and name of an IAM role's ARN, with or without a path; null for every other text. */
export function roleOfArn(arn: string): { readonly accountId: string; readonly roleName: string } | null {
  const parsed = parseArn(arn);
  if (parsed?.service !== "iam" || !parsed.resource.startsWith("role/")) return null;
  const roleName = parsed.resource.slice(parsed.resource.lastIndexOf("/") + 1);
  return roleName === "" ? null : { accountId: parsed.accountId, roleName };
}

/**
 * Is this session (or role) of that role? Compared by account and last path segment, because a session's ARN has no
 * path and a role's name is unique in its account whatever its path. False where either text is no role.
 */
export function sameRole(sessionOrRoleArn: string, roleArn: string): boolean {
  const one = roleOfSession(sessionOrRoleArn) ?? roleOfArn(sessionOrRoleArn);
  const other = roleOfSession(roleArn) ?? roleOfArn(roleArn);
  if (one === null || other === null) return false;
  return one.accountId === other.accountId && one.roleName === other.roleName;
}

/** The ARN of a session of a role; the path is lost. Null where `roleArn` is no role. */
export function sessionArn(roleArn: string, sessionName: string): string | null {
  const role = roleOfArn(roleArn);
  const parsed = parseArn(roleArn);
  if (role === null || parsed === null) return null;
  return `arn:${parsed.partition}:sts::${role.accountId}:assumed-role/${role.roleName}/${sessionName}`;
}
