import type { Evidence } from "../core/evidence.ts";
import { setVariable } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, currentSigns, listed } from "../core/subject.ts";

export const throttlingNotDenial = defineRule({
  id: "throttling-not-denial",
  meta: {
    title: "AWS throttles the calls; nothing is denied",
    stage: "endpoint",
    severity: "warning",
    references: [
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html",
      "https://docs.aws.amazon.com/general/latest/gr/api-retries.html",
    ],
    unless: ["A few throttled calls that the SDK retried: the count tells."],
    messages: {
      throttled:
        "AWS slowed container {{containers}} down {{count}} times ({{excerpt}}). Its permissions are not the reason: it calls faster than the quota.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => throttled(evidence).length > 0 || "nothing is throttled",
  },
  needs: [],
  check(evidence, question) {
    const errors = throttled(evidence);
    const [first] = errors;
    if (first === undefined) return pass();
    const signs = currentSigns(evidence).map(({ sign }) => sign);
    if (signs.includes("sts-throttled") || signs.includes("agent-throttled")) {
      return notApplicable("the calls that fetch credentials are throttled");
    }
    return fail(
      "throttled",
      {
        containers: listed(errors.flatMap(({ containers }) => containers)),
        count: String(errors.reduce((sum, { count }) => sum + count, 0)),
        excerpt: first.excerpt,
      },
      {
        manual: [
          {
            title:
              "Let the SDK retry with the standard or adaptive mode, cache or batch the calls, or ask for a higher quota",
            command: setVariable(
              question,
              first.containers[0],
              "AWS_RETRY_MODE=adaptive",
              "AWS_MAX_ATTEMPTS=10",
            ),
          },
        ],
      },
    );
  },
});

function throttled(evidence: Evidence) {
  return currentErrors(evidence).filter(({ kind }) => kind === "throttled");
}
