import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { repeatedKey } from "../../src/core/json-text.ts";

describe("repeatedKey", () => {
  it.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":{"b":[1,{"c":1,"d":"c","c":2}]}}', "a.b[1].c"],
    ['[{"a":1},{"a":1,"\\u0061":2}]', "[1].a"],
    ['{"a\\"":1,"b":"\\\\","a\\"":2}', 'a"'],
    ['{"a":{"a":{"a":"a"}},"b":["a","a"]}', null],
    ["[]", null],
    ["7", null],
  ])("of %s is %s", (json, place) => {
    expect(repeatedKey(json)).toBe(place);
  });

  it("is none in what JSON.stringify writes, and one where a key is written again", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(object, fc.jsonValue(), (value, more) => {
        const json = JSON.stringify(value);
        expect(repeatedKey(json)).toBeNull();
        expect(repeatedKey(JSON.stringify(value, null, 2))).toBeNull();
        const key = JSON.stringify(Object.keys(value)[0]);
        expect(repeatedKey(`${json.slice(0, -1)},${key}:${JSON.stringify(more)}}`)).not.toBeNull();
      }),
    );
  });
});
