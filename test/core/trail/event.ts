import type { Evidence, Question } from "../../../src/core/evidence.ts";
import type { TrailEvent, TrailFacts, TrailIdentity } from "../../../src/core/facts/trail.ts";

const nobody: TrailIdentity = {
  issuerArn: null,
  ec2RoleDelivery: null,
  federatedProvider: null,
  identityProvider: null,
  invokedBy: null,
};

/** A denied KMS call of nobody in particular, but for what is given. */
export function event({
  identity,
  ...given
}: Partial<Omit<TrailEvent, "identity">> & { readonly identity?: Partial<TrailIdentity> }): TrailEvent {
  return {
    eventId: "e-1",
    at: "2026-01-02T03:00:00Z",
    region: "us-west-2",
    eventSource: "kms.amazonaws.com",
    eventName: "Decrypt",
    errorCode: "AccessDenied",
    errorMessage: null,
    requestId: null,
    userAgent: null,
    identityType: "AssumedRole",
    principalArn: null,
    userName: null,
    requestedRoleArn: null,
    resources: [],
    dataEvent: false,
    ...given,
    identity: { ...nobody, ...identity },
  };
}

export const question: Question = {
  cluster: "eks-workshop",
  namespace: "carts",
  name: "carts",
  kind: "Deployment",
  container: null,
  sinceSeconds: 3_600,
};

export function facts(given: Partial<TrailFacts>): Evidence {
  return {
    "cloudtrail.events": {
      status: "found",
      source: "cloudtrail:LookupEvents",
      at: "2026-01-02T03:04:05Z",
      value: {
        from: "2026-01-02T02:04:00.000Z",
        to: "2026-01-02T03:04:05.000Z",
        regions: ["us-west-2"],
        lookups: [],
        events: [],
        complete: true,
        ...given,
      },
    },
  };
}
