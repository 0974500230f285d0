import { z } from "zod";

/*
 * What is read of each object, and no more: an answer is malformed only where a field that is used does not fit.
 * The API server leaves empty fields out, and writes `null` for some empty lists.
 */

const arrayOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const count = z
  .number()
  .nullish()
  .transform((value) => value ?? null);

const managedFieldsEntrySchema = z.object({
  manager: text,
  time: text,
  fieldsV1: z.unknown(),
});
export type ManagedFieldsEntry = z.infer<typeof managedFieldsEntrySchema>;

const metadataSchema = z.object({
  name: z.string(),
  namespace: text,
  uid: z.string(),
  creationTimestamp: z.string(),
  deletionTimestamp: text,
  resourceVersion: text,
  generation: count,
  labels: textMap,
  annotations: textMap,
  ownerReferences: arrayOf(
    z.object({ apiVersion: text, kind: z.string(), name: z.string(), uid: z.string(), controller: flag }),
  ),
  managedFields: arrayOf(managedFieldsEntrySchema),
});
export type Metadata = z.infer<typeof metadataSchema>;

const keyRef = z.object({ name: text }).nullish();

const containerSchema = z.object({
  name: z.string(),
  image: text,
  env: arrayOf(
    z.object({
      name: z.string(),
      value: text,
      valueFrom: z.object({ secretKeyRef: keyRef, configMapKeyRef: keyRef }).nullish(),
    }),
  ),
  envFrom: arrayOf(z.object({ secretRef: keyRef, configMapRef: keyRef })),
  volumeMounts: arrayOf(z.object({ mountPath: z.string() })),
  securityContext: z.object({ runAsUser: count }).nullish(),
  restartPolicy: text,
});
export type Container = z.infer<typeof containerSchema>;

const podSpecSchema = z.object({
  serviceAccountName: text,
  hostNetwork: flag,
  nodeName: text,
  nodeSelector: textMap,
  securityContext: z.object({ runAsUser: count, fsGroup: count }).nullish(),
  containers: arrayOf(containerSchema),
  ephemeralContainers: arrayOf(z.object({ name: z.string() })),
  initContainers: arrayOf(containerSchema),
  volumes: arrayOf(
    z.object({
      name: z.string(),
      projected: z
        .object({
          sources: arrayOf(z.object({ serviceAccountToken: z.object({ audience: text }).nullish() })),
        })
        .nullish(),
    }),
  ),
});
export type PodSpec = z.infer<typeof podSpecSchema>;

const containerStateSchema = z
  .object({
    waiting: z.object({ reason: text }).nullish(),
    running: z.object({ startedAt: text }).nullish(),
    terminated: z.object({ startedAt: text, finishedAt: text, exitCode: count }).nullish(),
  })
  .nullish();

const containerStatusSchema = z.object({
  name: z.string(),
  restartCount: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
  state: containerStateSchema,
  lastState: containerStateSchema,
});
export type ContainerStatus = z.infer<typeof containerStatusSchema>;

const podStatusSchema = z
  .object({
    phase: text,
    podIP: text,
    hostIP: text,
    startTime: text,
    conditions: arrayOf(z.object({ type: z.string(), status: z.string() })),
    containerStatuses: arrayOf(containerStatusSchema),
    initContainerStatuses: arrayOf(containerStatusSchema),
  })
  .nullish();

export const podSchema = z.object({ metadata: metadataSchema, spec: podSpecSchema, status: podStatusSchema });
export type Pod = z.infer<typeof podSchema>;

const templateSchema = z.object({
  metadata: z.object({ labels: textMap, annotations: textMap }).nullish(),
  spec: podSpecSchema,
});
export type PodTemplate = z.infer<typeof templateSchema>;

const rolloutConditions = arrayOf(
  z.object({ type: z.string(), status: z.string(), reason: text, message: text }),
);

/** Deployment, StatefulSet and DaemonSet, as far as they are alike. */
export const controllerSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    replicas: count,
    paused: flag,
    strategy: z.object({ type: text }).nullish(),
    updateStrategy: z
      .object({ type: text, rollingUpdate: z.object({ partition: count }).nullish() })
      .nullish(),
    selector: z
      .object({ matchLabels: textMap })
      .nullish()
      .transform((selector) => selector ?? { matchLabels: {} }),
    template: templateSchema,
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
      currentRevision: text,
      updateRevision: text,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
      numberReady: count,
      conditions: rolloutConditions,
    })
    .partial()
    .nullish(),
});
export type Controller = z.infer<typeof controllerSchema>;

export const replicaSetSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ replicas: count, template: templateSchema }),
});

export const jobSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ parallelism: count, template: templateSchema }),
});

export const cronJobSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: templateSchema }) }) }),
});

/** Any object of which only the metadata is used: who owns whom. */
export const ownedSchema = z.object({ metadata: metadataSchema });

export const serviceAccountSchema = z.object({ metadata: metadataSchema });
export type ServiceAccount = z.infer<typeof serviceAccountSchema>;

export const namespaceSchema = z.object({ metadata: metadataSchema });

export const nodeSchema = z.object({
  metadata: metadataSchema,
  spec: z
    .object({ providerID: text })
    .nullish()
    .transform((spec) => spec ?? { providerID: null }),
  status: z
    .object({ nodeInfo: z.object({ operatingSystem: text, kubeletVersion: text }).nullish() })
    .nullish(),
});
export type Node = z.infer<typeof nodeSchema>;

const labelSelectorSchema = z
  .object({
    matchLabels: textMap,
    matchExpressions: arrayOf(
      z.object({ key: z.string(), operator: z.string(), values: arrayOf(z.string()) }),
    ),
  })
  .nullish()
  .transform((selector) => selector ?? null);

export const podDisruptionBudgetSchema = z.object({
  metadata: metadataSchema,
  spec: z
    .object({ selector: labelSelectorSchema })
    .nullish()
    .transform((spec) => spec ?? { selector: null }),
  status: z.object({ disruptionsAllowed: count }).nullish(),
});

export const endpointSliceSchema = z.object({
  endpoints: arrayOf(z.object({ conditions: z.object({ ready: z.boolean().nullish() }).nullish() })),
});

export const networkPolicySchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    podSelector: labelSelectorSchema,
    policyTypes: z
      .array(z.string())
      .nullish()
      .transform((types) => types ?? null),
    egress: z
      .array(
        z.object({
          to: arrayOf(
            z.object({ ipBlock: z.object({ cidr: z.string(), except: arrayOf(z.string()) }).nullish() }),
          ),
          ports: arrayOf(
            z.object({
              protocol: text,
              port: z
                .union([z.number(), z.string()])
                .nullish()
                .transform((port) => port ?? null),
              endPort: count,
            }),
          ),
        }),
      )
      .nullish()
      .transform((rules) => rules ?? null),
  }),
});

const webhookSchema = z.object({
  name: z.string(),
  clientConfig: z.object({
    url: text,
    service: z.object({ namespace: text, name: text, path: text }).nullish(),
    caBundle: text,
  }),
  failurePolicy: text,
  reinvocationPolicy: text,
  rules: arrayOf(
    z.object({
      apiGroups: arrayOf(z.string()),
      operations: arrayOf(z.string()),
      resources: arrayOf(z.string()),
    }),
  ),
  namespaceSelector: labelSelectorSchema,
  objectSelector: labelSelectorSchema,
});
export type Webhook = z.infer<typeof webhookSchema>;

export const webhookConfigurationSchema = z.object({
  metadata: metadataSchema,
  webhooks: arrayOf(webhookSchema),
});
export type WebhookConfiguration = z.infer<typeof webhookConfigurationSchema>;

/** What one API group serves: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
export const resourceListSchema = z.object({
  resources: arrayOf(z.object({ name: z.string(), kind: z.string(), namespaced: flag })),
});

/**
 * One page of a list. `metadata.continue` is empty on the last one. An answer that does not call itself a list, or has
 * no place for items, is none of an API server's: its items are unread, not none.
 */
export function listSchema<T>(item: z.ZodType<T>) {
  return z
    .object({
      kind: z.string().endsWith("List"),
      metadata: z.object({ continue: z.string().nullish() }).nullish(),
      items: z
        .array(item)
        .nullable()
        .transform((items) => items ?? []),
    })
    .transform(({ metadata, items }) => ({ items, next: metadata?.continue || null }));
}
