import type { KubeObject, NewObject, Pod, PodOwner } from "../objects.ts";
import { canonical } from "../random.ts";
import type { ResourceType } from "../resources.ts";
import { matchesSelector } from "../selectors.ts";
import { badRequest, invalid } from "../status.ts";

/** Kinds whose selector must match their template, and never changes. */
export const selectorOwners = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);

/** What the API server refuses in any object; throws `StatusError`. */
export function validate(type: ResourceType, object: NewObject): void {
  const name = object.metadata.name ?? object.metadata.generateName ?? "";
  for (const [key, value] of Object.entries(object.metadata.annotations ?? {})) {
    if (typeof value !== "string") {
      throw badRequest(
        `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: json: cannot unmarshal ${typeof value} into Go struct field ObjectMeta.metadata.annotations of type string (${key})`,
      );
    }
  }
  if (!selectorOwners.has(type.kind)) return;
  const spec = object["spec"] as Partial<PodOwner["spec"]> | undefined;
  if (spec?.template === undefined || spec.selector === undefined) {
    throw invalid(type, name, [
      { field: "spec.template", reason: "FieldValueRequired", message: "Required value" },
    ]);
  }
  if (!matchesSelector(spec.selector, spec.template.metadata?.labels)) {
    throw invalid(type, name, [
      {
        field: "spec.template.metadata.labels",
        reason: "FieldValueInvalid",
        message: `Invalid value: ${JSON.stringify(spec.template.metadata?.labels ?? {})}: \`selector\` does not match template \`labels\``,
      },
    ]);
  }
  if (typeof spec.replicas === "number" && spec.replicas < 0) {
    throw invalid(type, name, [
      {
        field: "spec.replicas",
        reason: "FieldValueInvalid",
        message: `Invalid value: ${spec.replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
}

/** What may not change in an object that exists; throws `StatusError`. */
export function validateChange(type: ResourceType, before: KubeObject, after: KubeObject): void {
  const name = before.metadata.name;
  if (selectorOwners.has(type.kind)) {
    const selectorOf = (object: KubeObject) => canonical((object as PodOwner).spec.selector);
    if (selectorOf(before) !== selectorOf(after)) {
      throw invalid(type, name, [
        { field: "spec.selector", reason: "FieldValueInvalid", message: "Invalid value: field is immutable" },
      ]);
    }
  }
  if (type.kind === "Pod") {
    const frozen = (pod: Pod) =>
      canonical({ ...pod.spec, containers: pod.spec.containers.map(({ image: _, ...rest }) => rest) });
    if (frozen(before as Pod) !== frozen(after as Pod)) {
      throw invalid(type, name, [
        {
          field: "spec",
          reason: "FieldValueForbidden",
          message: "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
        },
      ]);
    }
  }
}
