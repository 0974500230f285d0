import { asCodeOf } from "../../core/as-code.ts";
import type { Diagnosis, Finding } from "../../core/diagnosis.ts";

/** The public JSON of a diagnosis, `eksiam/diagnosis/v1`: the fields that scripts rely on. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  const { schema, question, conclusion, cause, alsoWrong, plan, ...rest } = diagnosis;
  const document = {
    schema,
    question,
    conclusion,
    cause: cause === null ? null : finding(cause),
    alsoWrong: alsoWrong.map(finding),
    ...rest,
    plan:
      plan === null
        ? null
        : {
            digest: plan.digest,
            changes: plan.changes.map(({ change, target, preview, command, undo }) => ({
              kind: change.kind,
              target,
              preview,
              command,
              undo,
            })),
            manual: plan.manual,
            warnings: plan.warnings,
            asCode: asCodeOf(plan),
          },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function finding({ ruleId, title, message, stage, severity, cites, unless }: Finding) {
  return { ruleId, title, message, stage, severity, cites, unless };
}
