import { expect, test } from "vitest";
import { galleryStories, stories } from "../../sandbox/stories/index.ts";
import { withoutStory } from "../../sandbox/stories/without-story.ts";
import { rules } from "../../src/rules/index.ts";

test("the sandbox has a story for every rule, or says why it has none", () => {
  const told = new Set(
    [...stories, ...galleryStories].flatMap(({ expect: { ruleId, alsoWrong = [] } }) => [
      ...(ruleId === null ? [] : [ruleId]),
      ...alsoWrong,
    ]),
  );
  const ids = rules.map(({ id }) => id);

  expect(ids.filter((id) => !told.has(id) && withoutStory[id] === undefined)).toEqual([]);
  expect(Object.keys(withoutStory).filter((id) => told.has(id) || !ids.includes(id))).toEqual([]);
  expect([...told].filter((id) => !ids.includes(id))).toEqual([]);
});
