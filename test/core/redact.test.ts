import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact } from "../../src/core/redact.ts";

// Put together here, so that no text of this repository looks like a secret.
const accessKey = `AK${"IA"}${"Q7".repeat(8)}`;
const secret = "wJalrXUtnFEMI/K7MDENG".repeat(2);
const jwt = `ey${"JhbGciOiJSUzI1NiJ9"}.ey${"JzdWIiOiJzeXN0ZW0ifQ"}.c2lnbmF0dXJl`;
const slack = `xo${"xb"}-1234567890-abcdefghij`;

describe("takes out", () => {
  test.each([
    ["an access key id", `key ${accessKey} used`, accessKey],
    ["a secret key", `AWS_SECRET_ACCESS_KEY=${secret}`, secret],
    ["a secret key in JSON", `{"SecretAccessKey":"${secret}"}`, secret],
    ["a session token", `aws_session_token = ${secret}`, secret],
    ["a token", `token ${jwt} rejected`, jwt],
    ["a header", `Authorization: Bearer ${secret}`, secret],
    ["a password in an address", `postgres://app:${"hunter22"}@db:5432/x`, "hunter22"],
    ["a password", `password: "${"hunter22"}"`, "hunter22"],
    ["a Slack token", `using ${slack}`, slack],
    ["a private key", `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`, secret],
  ])("%s", (_what, text, hidden) => {
    expect(redact(text)).not.toContain(hidden);
    expect(redact(text)).toContain("[redacted]");
  });
});

test("leaves what a diagnosis needs", () => {
  const text =
    "User: arn:aws:sts::111122223333:assumed-role/carts/i-0a1b2c3d4e5f60718 is not authorized (Request ID: b69b1279-2222-4333-8444-555566667777)";
  expect(redact(text)).toBe(text);
});

test("doing it twice changes nothing", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      accessKey,
      jwt,
      slack,
      "password=",
      "Authorization: ",
      "Bearer ",
      "https://u:p@h",
      "\n",
      '"',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = redact(pieces.join(""));
      expect(redact(once)).toBe(once);
    }),
  );
});
