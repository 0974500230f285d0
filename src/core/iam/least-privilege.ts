import { parseArn } from "./arn.ts";

export interface PolicyStatement {
  readonly Effect: "Allow";
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An access as a denial tells it. */
export interface NeededAccess {
  readonly action: string;
  /** Null: the denial names none. */
  readonly resource: string | null;
  /** Who was denied, where that is known: a bare name is of a resource in the caller's account. */
  readonly principalArn?: string | null;
  /** The service that `iam:PassRole` was to hand the role to, where that is known. */
  readonly passedTo?: string | null;
}

/**
 * The narrowest statement that allows what was denied. The star alone stands only for actions that name no resource
 * (lists and describes); a bare name becomes the ARN that the service gives such a name. Where an action always has a
 * resource and the denial tells none, a person puts it in: the ARN is then a form with `<…>` in it.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function statementFor(denied: NeededAccess): PolicyStatement {
  const base = { Effect: "Allow", Action: denied.action } as const;
  const alias = aliasOf(denied);
  if (alias === null && denied.passedTo != null) {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    const Condition = { StringEquals: { "iam:PassedToService": denied.passedTo } };
    return { ...base, Resource: resourceFor(denied), Condition };
  }
  if (alias === null) return { ...base, Resource: resourceFor(denied) };
  return {
    ...base,
    Resource: alias.keys,
    Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias.name } },
  };
}

/** Is it not known here whether the action has a resource at all? */
export function mayNeedStar({ Resource }: PolicyStatement): boolean {
  return Resource.endsWith(unknownResource);
}

/** Has the statement a part that a person must fill in? */
export function isForm({ Resource }: PolicyStatement): boolean {
  return /<[a-z -]+>/.test(Resource);
}

/**
 * A policy that names an alias says nothing of the key behind it: the keys of that Region and account are named, and the
 * alias becomes a condition.
 * https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
function aliasOf({
  action,
  resource,
}: NeededAccess): { readonly keys: string; readonly name: string } | null {
  const arn = parseArn(resource ?? "");
  if (arn?.service !== "kms" || !arn.resource.startsWith("alias/") || /alias/i.test(action)) return null;
  const { partition, region, accountId } = arn;
  return { keys: `arn:${partition}:kms:${region}:${accountId}:key/*`, name: literally(arn.resource) };
}

function resourceFor({ action, resource, principalArn }: NeededAccess): string {
  const named = resource?.replace(/^"(.*)"$/, "$1") ?? "";
  const caller = parseArn(principalArn ?? "");
  const partition = caller?.partition ?? "*";
  const account = caller?.accountId || "*";
  if (named === "") {
    if (namesNone.test(action)) return "*";
    const service = action.slice(0, action.indexOf(":")).toLowerCase();
    const unknown = `arn:${partition}:${service}:<region>:${account}:${unknownResource}`;
    return resourceFormOf(action, partition, account) ?? unknown;
  }
  if (named === "*") return "*";
  const literal = literally(named);
  const arn = parseArn(named);
  if (arn !== null) {
    // Of what does not exist yet (an instance that is to be run) AWS itself writes a star for the name.
    const yetToBe = arn.service !== "s3" && /[:/]\*$/.test(named);
    return yetToBe ? `${literally(named.slice(0, -1))}*` : literal;
  }
  const service = action.slice(0, action.indexOf(":")).toLowerCase();
  const [kind, name] = literal.split(" ");
  if (service === "iam" && (kind === "role" || kind === "user") && name !== undefined)
    return `arn:${partition}:iam::${account}:${kind}/${name}`;
  const regional = (type: string) => `arn:${partition}:${service}:*:${account}:${type}`;
  switch (service) {
    case "secretsmanager":
      return regional(`secret:${literal}-??????`);
    case "ssm":
      return regional(`parameter/${literal.replace(/^\//, "")}`);
    case "s3":
      return `arn:${partition}:s3:::${literal}`;
    case "sqs":
    case "sns":
      return regional(literal);
    case "dynamodb":
      return regional(/^(table|index|stream)\//.test(literal) ? literal : `table/${literal}`);
    case "kms":
      return regional(literal.startsWith("key/") ? literal : `key/${literal}`);
    case "lambda":
      return regional(/^function:/.test(literal) ? literal : `function:${literal}`);
    case "kinesis":
      return regional(/^stream\//.test(literal) ? literal : `stream/${literal}`);
    default:
      return regional(`*${literal}`);
  }
}

const unknownResource = "<resource>";

/**
 * Actions that no policy can narrow to a resource, of those that a denial tells without one; lists and describes of
 * which one takes a resource stand in the table below.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const namesNone =
  /^(?:ecr:GetAuthorizationToken|sts:Get\w+|cloudwatch:(?:PutMetricData|GetMetric\w+)|xray:\w+|kms:(?:CreateKey|GenerateRandom)|[a-z0-9-]+:(?:Describe|List)(?!Bucket$|BucketVersions$|BucketMultipartUploads$|MultipartUploadParts$|Table$|Key$|Secret$)\w+)$/i;

/** Actions that are always about a resource, by their beginnings, with that resource's ARN behind the account. */
const alwaysNamed: readonly (readonly [service: string, actions: RegExp, resource: string])[] = [
  [
    "s3",
    /^(get|put|delete|restore|replicate|abort)object|^abortmultipart|^listmultipartuploadparts/,
    "<bucket>/<key>",
  ],
  ["s3", /^listbucket|^(get|put|delete)bucket|^getencryptionconfiguration|^getlifecycleconf/, "<bucket>"],
  ["dynamodb", /item$|^query$|^scan$|^describetable$|^partiql/, "table/<table>"],
  ["sqs", /message(batch)?$|^changemessagevisibility|^getqueue|^setqueue|^purgequeue/, "<queue>"],
  ["sns", /^publish$/, "<topic>"],
  ["kms", /^(en|de)crypt$|^reencrypt|^generatedatakey|^sign$|^verify$|^describekey$/, "key/<key id>"],
  ["secretsmanager", /^getsecretvalue$|^describesecret$|^putsecretvalue$/, "secret:<name>-??????"],
  ["ssm", /^getparameters?(bypath|history)?$|^putparameter$/, "parameter/<name>"],
  ["lambda", /^invoke/, "function:<function>"],
  ["kinesis", /record/, "stream/<stream>"],
  ["sts", /^assumerole$|^tagsession$/, "role/<role>"],
  ["iam", /^passrole$/, "role/<role>"],
];

/**
 * The form of the ARN that an action is always about; null: there are calls of it without a resource, or it is not
 * known here.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function resourceFormOf(action: string, partition = "*", account = "*"): string | null {
  const colon = action.indexOf(":");
  const service = action.slice(0, colon).toLowerCase();
  const name = action.slice(colon + 1).toLowerCase();
  const found = alwaysNamed.find(([of, actions]) => of === service && actions.test(name));
  if (found === undefined) return null;
  if (service === "s3") return `arn:${partition}:s3:::${found[2]}`;
  const place = service === "sts" || service === "iam" ? "" : "<region>";
  return `arn:${partition}:${service === "sts" ? "iam" : service}:${place}:${account}:${found[2]}`;
}

/** What a policy would take for a wildcard or a variable is escaped: the resource was named as it is. */
function literally(text: string): string {
  return text.replace(/[*?]|\$(?=\{)/g, (special) => `\${${special}}`);
}
