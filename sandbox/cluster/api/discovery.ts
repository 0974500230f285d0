import { resourceTypes } from "../resources.ts";

const objectVerbs = ["create", "delete", "get", "list", "patch", "update"];

/** What tools ask to learn which resources there are; null: the path is no discovery path. */
export function discovery(pathname: string): object | null {
  const path = pathname.replace(/\/$/, "");
  if (path === "/version") {
    return { major: "1", minor: "30", gitVersion: "v1.30.4-eks-a737599", platform: "linux/amd64" };
  }
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  const groupVersions = [...new Set(resourceTypes.map((type) => type.apiVersion))];
  if (path === "/apis") {
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: groupVersions
        .filter((groupVersion) => groupVersion.includes("/"))
        .map((groupVersion) => {
          const [name, version] = groupVersion.split("/");
          return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
        }),
    };
  }
  const groupVersion = path.startsWith("/apis/")
    ? path.slice("/apis/".length)
    : path === "/api/v1"
      ? "v1"
      : "";
  if (!groupVersions.includes(groupVersion)) return null;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resourceTypes
      .filter((type) => type.apiVersion === groupVersion)
      .flatMap((type) => [
        {
          name: type.plural,
          singularName: type.singular,
          namespaced: type.namespaced,
          kind: type.kind,
          shortNames: type.shortNames,
          verbs: objectVerbs,
        },
        ...type.subresources.map((subresource) => ({
          name: `${type.plural}/${subresource}`,
          singularName: "",
          namespaced: type.namespaced,
          kind: subresource === "scale" ? "Scale" : type.kind,
          verbs: ["get", "patch", "update"],
        })),
      ]),
  };
}
