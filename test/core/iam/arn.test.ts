import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArn, roleOfArn, roleOfSession, sameRole, sessionArn } from "../../../src/core/iam/arn.ts";

describe("parseArn", () => {
  it("keeps colons and slashes in the resource", () => {
    expect(parseArn("arn:aws:lambda:eu-central-1:111122223333:function:carts:1")).toEqual({
      partition: "aws",
      service: "lambda",
      region: "eu-central-1",
      accountId: "111122223333",
      resource: "function:carts:1",
    });
  });

  it.each([
    "",
    "arn",
    "arn:aws",
    "arn:aws:s3",
    "arn:aws:s3:::",
    "arn::s3:::b",
    "arn:aws::::b",
    "aws:arn:s3:::b",
    "carts",
  ])("takes %j for no ARN", (text) => {
    expect(parseArn(text)).toBeNull();
  });

  it("gives back what was written, for every ARN", () => {
    const part = fc.stringMatching(/^[a-z0-9-]{0,12}$/);
    const word = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    fc.assert(
      fc.property(
        word,
        word,
        part,
        part,
        fc.string({ minLength: 1 }),
        (partition, service, region, accountId, resource) => {
          const arn = `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
          expect(parseArn(arn)).toEqual({ partition, service, region, accountId, resource });
        },
      ),
    );
  });
});

describe("roles and sessions", () => {
  const session = "arn:aws:sts::111122223333:assumed-role/carts/eks-shop-carts-6d8-0b7f";

  it("reads the role of a session, whose ARN has no path", () => {
    expect(roleOfSession(session)).toEqual({
      accountId: "111122223333",
      roleName: "carts",
      sessionName: "eks-shop-carts-6d8-0b7f",
    });
    expect(roleOfSession("arn:aws:iam::111122223333:role/carts")).toBeNull();
    expect(roleOfSession("arn:aws:sts::111122223333:federated-user/carts")).toBeNull();
    expect(roleOfSession("arn:aws:sts::111122223333:assumed-role/carts")).toBeNull();
  });

  it("reads a role's name behind its path", () => {
    expect(roleOfArn("arn:aws:iam::111122223333:role/apps/shop/carts")).toEqual({
      accountId: "111122223333",
      roleName: "carts",
    });
    expect(roleOfArn("arn:aws:iam::111122223333:user/carts")).toBeNull();
  });

  it.each([
    [session, "arn:aws:iam::111122223333:role/carts", true],
    [session, "arn:aws:iam::111122223333:role/apps/shop/carts", true],
    ["arn:aws-cn:sts::111122223333:assumed-role/carts/x", "arn:aws-cn:iam::111122223333:role/carts", true],
    [session, "arn:aws:iam::444455556666:role/carts", false],
    [session, "arn:aws:iam::111122223333:role/Carts", false],
    [session, "arn:aws:iam::111122223333:role/carts/other", false],
    [session, "carts", false],
    ["anonymous", "anonymous", false],
  ])("%s is of %s: %s", (one, other, same) => {
    expect(sameRole(one, other)).toBe(same);
  });

  it("makes the ARN of a session", () => {
    expect(sessionArn("arn:aws:iam::111122223333:role/apps/carts", "x")).toBe(
      "arn:aws:sts::111122223333:assumed-role/carts/x",
    );
    expect(sessionArn("arn:aws:iam::111122223333:user/carts", "x")).toBeNull();
  });
});
