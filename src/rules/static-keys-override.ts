import { credentialTrace } from "../core/credentials/trace.ts";
import type { ContainerSpec, Found, PodFacts, Question, WorkloadFacts } from "../core/evidence.ts";
import { type Remedy, setVariables } from "../core/fixes.ts";
import { expectedIdentity } from "../core/identity.ts";
import { listVariables } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, describeCall, objectOf, placesOf } from "../core/subject.ts";

const keyNames = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

export const staticKeysOverride = defineRule({
  id: "static-keys-override",
  meta: {
    title: "Static access keys are used instead of the configured role",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "Keys without an error: they may be for another service that speaks the same protocol.",
      "No identity is configured: then the keys are the choice of the owner.",
      "Some SDKs and settings prefer the role (older .NET, JavaScript with a profile); a denial that names the role is then not about keys.",
    ],
    messages: {
      user: "Calls are made as {{principal}}, not as {{expected}}: {{origin}}. The denied call was {{call}}.",
      badKeys:
        "AWS refuses the access keys of container {{container}} in pod {{pod}} ({{origin}}), so {{expected}} is never tried.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      const expected = expectedIdentity(evidence);
      if (expected === null || expected.mechanism === "none") return "no identity is configured";
      const errors = currentErrors(evidence);
      return (
        errors.some(({ kind, principalKind }) => kind === "bad-keys" || principalKind === "user") ||
        "no call was made with static keys"
      );
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence)?.roleArn ?? null;
    if (workload.status === "absent" || expected === null)
      return notApplicable("there is no workload or no role");
    const places = placesOf(evidence["k8s.pods"], question);
    const errors = currentErrors(evidence);

    const denied = errors.find(
      ({ kind, principalKind }) => kind === "access-denied" && principalKind === "user",
    );
    if (denied !== undefined) {
      const place = places.find(
        ({ pod, container }) => denied.pods.includes(pod.name) && denied.containers.includes(container.name),
      );
      const origin = place === undefined ? null : keysOf(place.container);
      const data = {
        principal: denied.principalArn ?? "an IAM user",
        expected,
        origin:
          place === undefined || origin === null
            ? "the keys are in no variable of the pod spec, so they come from a file, the image or the application's own configuration"
            : describeKeys(place.pod, place.container, origin),
        call: describeCall(denied),
      };
      const named = origin?.named === true ? (place?.container.name ?? null) : null;
      return fail("user", data, removal(workload, named, question));
    }

    for (const { pod, container } of places) {
      const bad = errors.some(
        ({ kind, pods, containers }) =>
          kind === "bad-keys" && pods.includes(pod.name) && containers.includes(container.name),
      );
      const origin = keysOf(container);
      if (!bad || origin === null || !origin.named) continue;
      // Some SDKs prefer the role, or pass by the keys: those that AWS refuses are then other keys.
      const { winner, sources } = credentialTrace(container, pod, evidence);
      const status = sources.find(({ provider }) => provider === "environment")?.status;
      const passedBy = status === "set" && winner !== null && winner !== "environment";
      if (passedBy || status === "skipped") continue;
      const data = {
        container: container.name,
        pod: pod.name,
        origin: origin.from,
        expected,
      };
      return fail("badKeys", data, removal(workload, container.name, question));
    }
    return pass();
  },
});

interface KeyOrigin {
  readonly from: string;
  /** The variable is named in the container's `env`. */
  readonly named: boolean;
}

function keysOf(container: ContainerSpec): KeyOrigin | null {
  const variable = container.env.find(({ name }) => name === "AWS_ACCESS_KEY_ID");
  if (variable !== undefined) {
    const from =
      variable.from === "literal"
        ? "in the pod spec"
        : `from a ${variable.from.replace("config-map", "ConfigMap").replace("secret", "Secret")}`;
    return { from: `AWS_ACCESS_KEY_ID is set ${from}`, named: true };
  }
  const [source] = container.envFrom;
  if (source === undefined) return null;
  const kind = source.kind === "secret" ? "Secret" : "ConfigMap";
  return { from: `envFrom takes in ${kind} ${source.name}, whose keys are not read`, named: false };
}

function describeKeys(pod: PodFacts, container: ContainerSpec, { from }: KeyOrigin): string {
  return `in container ${container.name} of pod ${pod.name}, ${from}`;
}

/** Takes the keys out of the container's own `env`; whatever else brings them is a person's to find. */
function removal(workload: Found<WorkloadFacts>, container: string | null, question: Question): Remedy {
  const spec = workload.value.template.containers.find(({ name }) => name === container);
  const named = keyNames.filter((key) => spec?.env.some(({ name }) => name === key));
  if (container === null || named.length === 0) {
    const title = `Find where ${objectOf(workload.value)} gets its access keys, and remove them there`;
    return { manual: [{ title, command: listVariables(question, container ?? undefined) }] };
  }
  return setVariables(workload, container, Object.fromEntries(named.map((name) => [name, null])), question);
}
