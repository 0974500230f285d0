import { expect, it } from "vitest";
import { explainResolveError } from "../../src/app/judge.ts";
import type { ResolveError } from "../../src/app/ports.ts";

const question = {
  cluster: "shop",
  namespace: "carts",
  name: "crats",
  kind: null,
  container: null,
  sinceSeconds: 3_600,
};

it.each<[ResolveError, string]>([
  [
    { type: "not-found", nearest: ["carts/carts"], unread: [] },
    "There is no workload carts/crats in cluster shop. Did you mean carts/carts?",
  ],
  [
    { type: "not-found", nearest: [], unread: ["get revisions.serving.knative.dev"] },
    "There is no workload carts/crats in cluster shop. To follow owners of pods further up, grant eksiam: get revisions.serving.knative.dev.",
  ],
  [
    { type: "no-namespace", nearest: ["cart/carts", "carts2/carts"] },
    "There is no namespace carts in cluster shop. Did you mean cart/carts, carts2/carts?",
  ],
  [
    { type: "ambiguous", kinds: ["Deployment", "CronJob"] },
    "carts/crats exists as Deployment and CronJob: say which one with --kind deployment.",
  ],
  [
    { type: "ambiguous", kinds: ["Rollout", "PodSet"] },
    "carts/crats exists as Rollout and PodSet: ask about one of their pods with --kind pod.",
  ],
  [
    { type: "unavailable", reason: "HTTP 403: no", permission: "get pods" },
    "carts/crats could not be looked up in cluster shop: HTTP 403: no. Grant eksiam: get pods.",
  ],
])("explains %j", (error, text) => {
  expect(explainResolveError(error, question)).toBe(text);
});
