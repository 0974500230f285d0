import { annotateServiceAccount } from "../core/fixes.ts";
import { parseArn, roleOfArn } from "../core/iam/arn.ts";
import { expectedIdentity, roleAnnotation } from "../core/identity.ts";
import { isRoleArn } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { serviceAccountOf } from "../core/subject.ts";

export const irsaArnMalformed = defineRule({
  id: "irsa-arn-malformed",
  meta: {
    title: "The service account's role annotation is no ARN of an IAM role",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ],
    unless: [
      "A Pod Identity association exists: the webhook then ignores the annotation.",
      "The ARN is well-formed, but the role does not exist: see irsa-role-missing.",
    ],
    messages: {
      malformed:
        'Service account {{serviceAccount}} is annotated with eks.amazonaws.com/role-arn: "{{value}}": {{because}}. The webhook injects it all the same, and STS refuses it.',
      partition:
        'Service account {{serviceAccount}} is annotated with eks.amazonaws.com/role-arn: "{{value}}": partition {{partition}}, but cluster {{cluster}} is in partition {{clusterPartition}}.',
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.service-account", "eks.association"],
    holds(evidence) {
      return expectedIdentity(evidence)?.mechanism === "irsa" || "the role annotation does not decide here";
    },
  },
  needs: ["eks.cluster"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    if (workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no workload or no service account");
    }
    const value = account.value.annotations[roleAnnotation] ?? "";
    const facts = { serviceAccount: serviceAccountOf(workload.value), value };
    const cluster = evidence["eks.cluster"];
    const elsewhere = (title: string, roleName: string | undefined) => {
      const arn = parseArn(cluster.status === "found" ? cluster.value.arn : "");
      const role =
        arn === null || roleName === undefined
          ? "<role ARN>"
          : `arn:${arn.partition}:iam::${arn.accountId}:role/${roleName}`;
      const command = `kubectl -n ${shellWord(question.namespace)} annotate serviceaccount ${shellWord(account.value.name)} --overwrite ${shellWord(`${roleAnnotation}=${role}`)}`;
      return { manual: [{ title, command }] };
    };
    if (!isRoleArn(value)) {
      const cleaned = value.replace(/^[\s"']+|[\s"']+$/g, "");
      const because = reasonOf(value, cleaned);
      if (isRoleArn(cleaned)) {
        return fail(
          "malformed",
          { ...facts, because },
          annotateServiceAccount(account, cleaned, workload, question),
        );
      }
      const named = roleNameIn(cleaned);
      const title = `Annotate the service account with the role's ARN${named === undefined ? "" : `, which would be this one in the cluster's account`}, then restart the workload`;
      return fail("malformed", { ...facts, because }, elsewhere(title, named));
    }
    if (cluster.status === "absent") return pass();
    const partition = parseArn(value)?.partition;
    const clusterPartition = parseArn(cluster.value.arn)?.partition;
    if (partition === undefined || clusterPartition === undefined || partition === clusterPartition)
      return pass();
    const data = { ...facts, partition, cluster: question.cluster, clusterPartition };
    const title =
      "Annotate the service account with a role of the cluster's own partition, then restart the workload";
    return fail("partition", data, elsewhere(title, roleOfArn(value)?.roleName));
  },
});

/** The role's name where the text is that name, or an ARN of a role in which something else is wrong. */
function roleNameIn(text: string): string | undefined {
  if (text.includes(":") && !text.includes("role/")) return undefined;
  const name = text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf(":")) + 1);
  return /^[\w+=,.@-]{1,64}$/.test(name) ? name : undefined;
}

function reasonOf(value: string, cleaned: string): string {
  if (value === "") return "it is empty";
  if (isRoleArn(cleaned)) return "there are quotes or blanks around the ARN";
  const arn = parseArn(cleaned);
  if (arn === null) return "this is not an ARN";
  if (arn.service !== "iam") return `this is an ARN of ${arn.service}, not of IAM`;
  const [type] = arn.resource.split("/");
  if (type !== "role") return `its resource is of type "${type ?? ""}", not "role"`;
  if (!/^\d{12}$/.test(arn.accountId)) return "its account id is not twelve digits";
  return "its role name holds characters that IAM does not allow";
}
