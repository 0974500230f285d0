import type { Check, DoctorReport } from "../../app/doctor.ts";
import { printable, type Style } from "./style.ts";

/** What is well in one line an area, what is not with its fix. */
export function doctorText({ checks, healthy }: DoctorReport, style: Style): string {
  const areas = [...new Set(checks.map(({ area }) => area))];
  const blocks = areas.map((area) => {
    const own = checks.filter((check) => check.area === area);
    const well = own.filter(({ outcome, detail }) => outcome === "ok" && detail === null);
    const told = own.flatMap(({ name, outcome, detail }) =>
      outcome === "ok" && detail !== null
        ? [`  ${style.green("✓")} ${printable(name)}: ${printable(detail)}`]
        : [],
    );
    const counted = own.length - told.length;
    const lines = own
      .filter(({ outcome }) => outcome !== "ok" && outcome !== "optional")
      .flatMap(({ name, outcome, detail, fix }) => [
        `  ${outcome === "failed" ? style.red("✗") : style.yellow("?")} ${printable(name)}${detail === null ? "" : `: ${printable(detail)}`}`,
        ...(fix === null ? [] : [`      ${printable(fix)}`]),
      ]);
    const names =
      well.length > 4
        ? `${well.length} of ${counted} are there`
        : well.map(({ name }) => printable(name)).join(", ");
    const good = well.length === 0 ? [] : [`  ${style.green("✓")} ${names}`];
    return [style.bold(printable(area)), ...good, ...told, ...lines, ...optionalLines(own, style)].join("\n");
  });
  const end = healthy
    ? "Everything that eksiam needs is there."
    : "What is marked has to be put right, or answers will be incomplete.";
  return `${blocks.join("\n\n")}\n\n${end}\n`;
}

/** What may be missing, together where it is for the same. */
function optionalLines(checks: readonly Check[], style: Style): readonly string[] {
  const missing = checks.filter(({ outcome }) => outcome === "optional");
  return [...new Set(missing.map(({ fix }) => fix))].flatMap((fix) => {
    const names = missing.filter((check) => check.fix === fix).map(({ name }) => printable(name));
    return [
      `  ${style.dim("–")} not granted, or not to be told: ${names.join(", ")}`,
      ...(fix === null ? [] : [`      ${printable(fix)}`]),
    ];
  });
}
