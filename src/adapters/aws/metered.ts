import type { CallMeter } from "../../app/ports.ts";

/** What every client of the SDK has. */
export interface SdkClient {
  readonly config: { region: () => Promise<string> };
  readonly middlewareStack: object;
}

type Handler = (args: { readonly input: object }) => Promise<object>;
type Middleware = (
  next: Handler,
  context: { readonly clientName?: string; readonly commandName?: string },
) => Handler;

/** https://github.com/aws/aws-sdk-js-v3#middleware-stack */
interface MiddlewareStack {
  add(
    middleware: Middleware,
    options: { readonly step: "initialize" | "deserialize"; readonly name: string },
  ): void;
}

/** Services that IAM calls by another name than the SDK. */
const iamPrefixes: Readonly<Record<string, string>> = { cloudwatchlogs: "logs" };

/**
 * Counts every attempt of a client's calls, as the last step before it leaves, so that repeated ones and pages count
 * too; the same read is made once for one question.
 */
export function metered<C extends SdkClient>(client: C, meter: CallMeter): C {
  // The types of the services' stacks differ in inputs and outputs alone, at which nothing here looks.
  const stack = client.middlewareStack as MiddlewareStack;
  const readOnce: Middleware = (next, { clientName, commandName = "" }) => {
    return async (args) => {
      // How far a query has come is another answer each time.
      const again = commandName === "GetQueryResultsCommand";
      if (again || !/^(Get|List|Describe|Lookup|Decode)/.test(commandName)) return next(args);
      const asked = [clientName, await client.config.region(), commandName, JSON.stringify(args.input)];
      return meter.once(asked.join(" "), () => next(args));
    };
  };
  const count: Middleware = (next, { clientName = "", commandName = "" }) => {
    return async (args) => {
      const name = clientName.replace(/Client$/, "").toLowerCase();
      const service = iamPrefixes[name] ?? name;
      meter.take(service, `${service}:${commandName.replace(/Command$/, "")}`);
      return next(args);
    };
  };
  stack.add(readOnce, { step: "initialize", name: "readOnce" });
  stack.add(count, { step: "deserialize", name: "countCall" });
  return client;
}
