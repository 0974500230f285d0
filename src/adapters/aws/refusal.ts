import { redact } from "../../core/redact.ts";
import { isDenied, isTimeout } from "./outcome.ts";

/** AWS's refusal in words for the people who read the message in Slack. */
export function explain(permission: string): (error: unknown) => never {
  return (error) => {
    if (isTimeout(error)) throw new Error(`AWS did not answer ${permission} in time`);
    const message = redact(error instanceof Error ? error.message : String(error)).slice(0, 400);
    if (!isDenied(error)) throw new Error(`AWS refused ${permission}: ${message}`);
    const missing = /perform: ?([\w-]+:\w+)/.exec(message)?.[1] ?? permission;
    throw new Error(`the executor's role may not do this; grant it ${missing} (${message})`);
  };
}
