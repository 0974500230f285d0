/** One recorded call: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
export interface TrailEvent {
  readonly eventId: string;
  readonly at: string;
  readonly region: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly requestId: string | null;
  readonly userAgent: string | null;
  /** `userIdentity.type` */
  readonly identityType: string | null;
  readonly principalArn: string | null;
  /** `userIdentity.userName`: for a web identity the token's subject. */
  readonly userName: string | null;
  /** `requestParameters.roleArn` where the call names a role. */
  readonly requestedRoleArn: string | null;
  readonly resources: readonly string[];
  /** What tells how the caller came by its credentials. Without: a recording of before these were read. */
  readonly identity?: TrailIdentity;
  /** A call on data, such as `dynamodb:Query`: event history never holds it. */
  readonly dataEvent?: boolean;
}

/** The parts of `userIdentity` that tell callers apart; null: the event does not have them. */
export interface TrailIdentity {
  /** `sessionContext.sessionIssuer.arn`: the role of a session, with its path. */
  readonly issuerArn: string | null;
  /** `sessionContext.ec2RoleDelivery`: only credentials of an instance profile have it. */
  readonly ec2RoleDelivery: string | null;
  /** `sessionContext.webIdFederationData.federatedProvider`; the object around it is often there and empty. */
  readonly federatedProvider: string | null;
  /** `identityProvider` of a web identity's own call. */
  readonly identityProvider: string | null;
  /** The AWS service that made the call. */
  readonly invokedBy: string | null;
}

/** A session that STS gave out in the window, and for whom: what the later calls of that session do not say. */
export interface TrailSession {
  readonly sessionArn: string;
  readonly roleArn: string | null;
  readonly at: string;
  /** `system:serviceaccount:<namespace>:<name>` of a web identity token; null: another kind of session. */
  readonly subject: string | null;
  /** The pod that EKS Pod Identity made it for, from the session's tags; null: another kind, or tags are off. */
  readonly pod: {
    readonly cluster: string;
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly name: string;
    readonly uid: string;
  } | null;
  readonly userAgent: string | null;
}

/** Where recorded calls are read. */
export type TrailSource =
  | { readonly kind: "event-history" }
  /** An event data store of CloudTrail Lake, by its ARN. */
  | { readonly kind: "lake"; readonly eventDataStore: string }
  /** The log group that a trail writes to, by name or ARN; the trail's ARN where the configuration names it. */
  | {
      readonly kind: "log-group";
      readonly logGroup: string;
      readonly region: string;
      readonly trail: string | null;
    };

/**
 * One rule of what a store or a trail records: all its conditions hold for an event, or it is not recorded by this rule.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
 */
export interface EventSelector {
  readonly conditions: readonly {
    /** `eventCategory`, `resources.type`, `resources.ARN`, `eventName`, `eventSource`, `readOnly`, … */
    readonly field: string;
    readonly operator: "equals" | "startsWith" | "endsWith" | "notEquals" | "notStartsWith" | "notEndsWith";
    readonly values: readonly string[];
  }[];
}

export interface TrailFacts {
  readonly from: string;
  readonly to: string;
  readonly regions: readonly string[];
  /** The lookups made, as people would write them: `ResourceName=arn:…`. */
  readonly lookups: readonly string[];
  /** Failed calls that concern this workload, its role or the nodes it runs on. */
  readonly events: readonly TrailEvent[];
  /** False where paging was cut at its bound. */
  readonly complete: boolean;
  /** Without: event history, for that was all that was read once. */
  readonly source?: TrailSource;
  /** Event history was read as well, because the source records no management events. */
  readonly historyToo?: boolean;
  /** What the source records; null: that could not be read. Event history records every management event. */
  readonly selectors?: readonly EventSelector[] | null;
  /** Sessions given out in the window, newest first, bounded. */
  readonly sessions?: readonly TrailSession[];
}
