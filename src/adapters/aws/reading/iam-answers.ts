import { z } from "zod";
import type { JsonValue } from "../../../core/json.ts";
import { CallFailure } from "../outcome.ts";

/** IAM hands out documents URL-encoded: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
export const document = z.string().transform((text, context): JsonValue => {
  try {
    return JSON.parse(decodeURIComponent(text)) as JsonValue;
  } catch {
    context.addIssue({ code: "custom", message: "a policy document that is not JSON" });
    return z.NEVER;
  }
});
const date = z.date().transform((value) => value.toISOString());
const tags = z
  .array(z.object({ Key: z.string(), Value: z.string() }))
  .default([])
  .transform((list) => Object.fromEntries(list.map((tag) => [tag.Key, tag.Value])));
export const roleSchema = z.object({
  Arn: z.string(),
  RoleName: z.string(),
  Path: z.string(),
  RoleId: z.string(),
  CreateDate: date,
  AssumeRolePolicyDocument: document,
  PermissionsBoundary: z.object({ PermissionsBoundaryArn: z.string().optional() }).optional(),
  Tags: tags,
  RoleLastUsed: z.object({ LastUsedDate: date.optional() }).optional(),
});
// IAM always says whether that was all. An answer that does not is none of IAM's, and its lists are not empty but unread.
export const page = { IsTruncated: z.boolean(), Marker: z.string().optional() };
export const attached = z.object({ PolicyName: z.string(), PolicyArn: z.string() });
const inline = z.object({ PolicyName: z.string(), PolicyDocument: document });
export const detailsSchema = z.object({
  ...page,
  RoleDetailList: z
    .array(
      z.object({
        Arn: z.string(),
        RoleName: z.string(),
        AssumeRolePolicyDocument: document,
        RolePolicyList: z.array(inline).default([]),
        AttachedManagedPolicies: z.array(attached).default([]),
        Tags: tags,
      }),
    )
    .default([]),
  Policies: z
    .array(
      z.object({
        Arn: z.string(),
        PolicyVersionList: z
          .array(z.object({ IsDefaultVersion: z.boolean(), Document: document }))
          .default([]),
      }),
    )
    .default([]),
});

const maxPages = 200;

/**
 * All pages of a list about `subject`.
 * @throws CallFailure where the subject is gone, or the list longer than is read: a part is not the whole.
 */
export async function* paged<T extends { IsTruncated: boolean; Marker?: string | undefined }>(
  permission: string,
  subject: string,
  next: (marker: string | undefined) => Promise<T | null>,
): AsyncGenerator<T> {
  let marker: string | undefined;
  for (let count = 0; count < maxPages; count++) {
    const answer = await next(marker);
    if (answer === null) throw vanished(permission, subject);
    yield answer;
    if (!answer.IsTruncated || answer.Marker === undefined) return;
    marker = answer.Marker;
  }
  throw unread(permission, `more than ${maxPages} pages`);
}

export function vanished(source: string, subject: string): CallFailure {
  return unread(source, `${subject} vanished while it was read`);
}

export function unread(source: string, detail: string): CallFailure {
  return new CallFailure({ status: "unavailable", reason: "error", source, detail });
}
