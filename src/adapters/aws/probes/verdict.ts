import type { PermissionCheck } from "../../../app/ports.ts";
import { redact } from "../../../core/redact.ts";
import { CallFailure, isDenied } from "../outcome.ts";

/** A name that nothing has: AWS judges the caller before it looks whether the thing is there. */
export const nothing = "eksiam-doctor-asks-for-nothing";

/** Errors that are answered only to those who may ask: the thing is not there, or what was asked makes no sense. */
const passed =
  /^(ResourceNotFound|NoSuchEntity|NotFound|PolicyNotFound|ChildNotFound|TargetNotFound|AWSOrganizationsNotInUse|DryRunOperation|InvalidAuthorizationMessage|InvalidParameter|InvalidRequest|ValidationError|InvalidInput|QueryIdNotFound|InactiveQuery)/;

/** Makes a call for its verdict alone. */
export async function tryOut(permission: string, probe: () => Promise<unknown>): Promise<PermissionCheck> {
  try {
    await probe();
    return { permission, granted: true, detail: null };
  } catch (error) {
    return { permission, ...verdictOf(error) };
  }
}

/** What an error says of the permission: refused, passed, or nothing. */
function verdictOf(error: unknown): Pick<PermissionCheck, "granted" | "detail"> {
  if (error instanceof CallFailure) {
    const { reason, detail = null } = error.unavailable;
    return { granted: reason === "access-denied" ? false : null, detail };
  }
  if (isDenied(error)) return { granted: false, detail: shortOf(error) };
  const { name = "" } = error as { readonly name?: string };
  return passed.test(name) ? { granted: true, detail: null } : { granted: null, detail: shortOf(error) };
}

/** An error in a line, redacted. */
export function shortOf(error: unknown): string {
  const { name = "", message = "" } = (error ?? {}) as { readonly name?: string; readonly message?: string };
  return redact(`${name}: ${message}`).replace(/\s+/g, " ").slice(0, 200);
}
