import { scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** Workloads without a fault that look as if they had one. */
export const healthy: Theme = {
  title: "Nothing is wrong, whatever it looks like",
  stories: [
    scene({
      at: "annotated/annotated",
      about: "An annotation of before, beside an association that works",
      rule: null,
      sdk: "java-v2",
      calls: ["dynamodb:GetItem table/Annotated"],
      podIdentity: {},
      irsa: {},
    }),
  ],
};
