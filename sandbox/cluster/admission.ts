import type { ClusterContext } from "./context.ts";
import type { NewObject, Pod } from "./objects.ts";
import { resourceType } from "./resources.ts";
import { admissionRefused, invalid, notFound } from "./status.ts";
import type { WriteOptions } from "./store.ts";
import { injectIdentity, webhookConfigurationName, webhookRuns } from "./webhook.ts";

/** Creates a pod as the API server does: defaults, ServiceAccount admission, the pod identity webhook, then storage. */
export function createPod(context: ClusterContext, given: NewObject, write: WriteOptions): Pod {
  const { store } = context;
  const namespace = given.metadata.namespace ?? "default";
  const name = given.metadata.name ?? `${given.metadata.generateName ?? ""}${context.random.suffix(5)}`;
  const type = resourceType("pods");
  const namespaceObject = store.get("namespaces", "", namespace);
  if (namespaceObject === undefined) throw notFound(resourceType("namespaces"), namespace);

  const spec = structuredClone(given["spec"]) as Pod["spec"] | undefined;
  if (!Array.isArray(spec?.containers) || spec.containers.length === 0) {
    throw invalid(type, name, [
      { field: "spec.containers", reason: "FieldValueRequired", message: "Required value" },
    ]);
  }
  const serviceAccountName = spec.serviceAccountName || "default";
  const serviceAccount = store.get("serviceaccounts", namespace, serviceAccountName);
  if (serviceAccount === undefined) {
    throw admissionRefused(
      type,
      name,
      `error looking up service account ${namespace}/${serviceAccountName}: serviceaccount "${serviceAccountName}" not found`,
    );
  }

  let pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...given.metadata, name, namespace } as Pod["metadata"],
    spec: withDefaults(spec, serviceAccountName),
    status: { phase: "Pending", qosClass: "Burstable" },
  };
  const automount =
    spec.automountServiceAccountToken ?? serviceAccount["automountServiceAccountToken"] ?? true;
  if (automount === true) pod = { ...pod, spec: withApiToken(pod.spec, context.random.suffix(5)) };

  const configuration = store.get(
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "",
    webhookConfigurationName,
  );
  // A call that fails is swallowed by `failurePolicy: Ignore`.
  const reached =
    webhookRuns(
      configuration,
      context.webhookCaBundle,
      namespaceObject,
      pod,
      store.list("endpointslices.discovery.k8s.io"),
    ) && context.faults.take("webhook:mutate") === null;
  if (reached) {
    pod = injectIdentity(pod, {
      region: context.account.region,
      ipv6: context.ipv6,
      hasAssociation:
        context.podIdentity &&
        context.account.association(context.name, namespace, serviceAccountName) !== undefined,
      annotations: serviceAccount.metadata.annotations ?? {},
    });
  }
  for (const { configuration: later, mutate } of context.laterWebhooks) {
    if (store.get("mutatingwebhookconfigurations.admissionregistration.k8s.io", "", later) !== undefined) {
      pod = mutate(pod);
    }
  }
  return store.create(pod, write) as Pod;
}

function withDefaults(spec: Pod["spec"], serviceAccountName: string): Pod["spec"] {
  const container = (given: Pod["spec"]["containers"][number]) => ({
    ...given,
    imagePullPolicy: given["imagePullPolicy"] ?? "IfNotPresent",
    resources: given["resources"] ?? {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  return {
    dnsPolicy: "ClusterFirst",
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
    priority: 0,
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...spec,
    serviceAccount: serviceAccountName,
    serviceAccountName,
    containers: spec.containers.map(container),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(container) }),
    tolerations: [
      ...(spec.tolerations ?? []),
      ...["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .filter((key) => !(spec.tolerations ?? []).some((toleration) => toleration.key === key))
        .map((key) => ({ effect: "NoExecute", key, operator: "Exists", tolerationSeconds: 300 })),
    ],
  };
}

/** The token for the Kubernetes API: unrelated to AWS, and in nearly every pod. */
function withApiToken(spec: Pod["spec"], suffix: string): Pod["spec"] {
  const name = `kube-api-access-${suffix}`;
  const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
  const mount = (container: Pod["spec"]["containers"][number]) => ({
    ...container,
    volumeMounts: [...(container.volumeMounts ?? []), { mountPath, name, readOnly: true }],
  });
  return {
    ...spec,
    containers: spec.containers.map(mount),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(mount) }),
    volumes: [
      ...(spec.volumes ?? []),
      {
        name,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
            { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt" } },
            {
              downwardAPI: {
                items: [
                  { fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" },
                ],
              },
            },
          ],
        },
      },
    ],
  };
}
