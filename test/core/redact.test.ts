import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCensored, redact, redactAll } from "../../src/core/redact.ts";
import { cpuMs } from "../support/cpu-time.ts";

// Put together here, so that no text of this repository looks like a secret.
const accessKey = `AK${"IA"}${"Q7".repeat(8)}`;
const temporaryKey = `AS${"IA"}${"R2".repeat(8)}`;
const secretKey = `wJalrXUtnFEMI/K7${"MDENG"}+bPxRfiCYzQ8dL2vT7b`;
const sessionToken = `${"IQ"}oJb3JpZ2luX2Vj${"EBcaCXVzLWVhc3QtMSJIMEYCIQ".repeat(6)}==`;
const olderSessionToken = `${"Fw"}oGZXIvYXdz${"EBkaDJk0/2Pq+n1".repeat(6)}`;
const jwt = `ey${"JhbGciOiJSUzI1NiIsImtpZCI6IiJ9"}.ey${"JzdWIiOiJzeXN0ZW0ifQ"}.c2lnbmF0dXJl`;
const encodedJwt = Buffer.from(jwt).toString("base64");
const slack = `xo${"xb"}-1234567890-abcdefghij`;
const slackApp = `xa${"pp"}-1-A0123-456-0123456789abcdef`;
const eksToken = `k8s-aws-v1.${"aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8"}`;
const privateKey = `-----BEGIN RSA ${"PRIVATE KEY"}-----\n${"MIIEowIBAAKCAQEA\n".repeat(30)}-----END RSA ${"PRIVATE KEY"}-----`;
const signature = "0123456789abcdef".repeat(4);

describe("takes out", () => {
  test.each([
    ["an access key id", `key ${accessKey} used`, accessKey],
    ["a temporary access key id", `x-${temporaryKey}_`, temporaryKey],
    ["a pair of keys", `${accessKey} ${secretKey}`, secretKey],
    ["a secret key without a name", `export ${secretKey}, then`, secretKey],
    ["a secret key", `AWS_SECRET_ACCESS_KEY=${secretKey}`, secretKey],
    ["a secret key in JSON", `{"SecretAccessKey":"${secretKey}"}`, secretKey],
    ["a secret key in JSON in JSON", JSON.stringify({ m: `{"SecretAccessKey": "${secretKey}"}` }), secretKey],
    ["a secret key in a Go value", `{SecretAccessKey:${secretKey} SessionToken:abc Source:x}`, secretKey],
    ["a secret key in XML", `<SecretAccessKey>${secretKey}</SecretAccessKey>`, secretKey],
    ["a secret key that was typed", `AWS Secret Access Key: ${secretKey}`, secretKey],
    ["a session token", `aws_session_token = ${secretKey}`, secretKey],
    ["a session token without a name", `got ${sessionToken} back`, sessionToken.slice(0, 40)],
    ["an older session token", `(${olderSessionToken})`, olderSessionToken],
    ["a session token in a query", `https://x/?X-Amz-Security-Token=${sessionToken}&a=b`, sessionToken],
    ["a token", `token ${jwt} rejected`, jwt],
    ["the claims of a token that was cut", `token ${jwt.slice(0, 48)}`, jwt.slice(0, 40)],
    ["a token in base64", `token: ${encodedJwt}`, encodedJwt],
    ["an EKS token", `Bearer ${eksToken}`, eksToken.slice(12)],
    ["a header", `Authorization: Bearer ${secretKey}`, secretKey],
    ["a header of another scheme", `authorization: Vault s.${"abcdef123"}`, `s.${"abcdef123"}`],
    ["a header in JSON", `{"Authorization":"Basic ${"dXNlcjpwYXNz"}"}`, "dXNlcjpwYXNz"],
    ["a header as Go prints it", `map[Authorization:[Bearer ${"s3cr3tvalue"}]]`, "s3cr3tvalue"],
    [
      "a signed request",
      `Authorization: AWS4-HMAC-SHA256 Credential=${accessKey}/20260101/x/sts/aws4_request, SignedHeaders=host, Signature=${signature}`,
      signature,
    ],
    ["a signed address", `GET /?X-Amz-Signature=${signature}&X-Amz-Date=1`, signature],
    ["a cookie", `Cookie: sid=${"abc123"}; theme=dark`, "abc123"],
    ["a cookie that is set", `set-cookie: id=1; token2=${"abc123"}; Secure`, "abc123"],
    ["a password in an address", `postgres://app:${"hunter22"}@db:5432/x`, "hunter22"],
    ["a password with a slash", `amqp://app:${"hun/ter22"}@mq/x`, "ter22"],
    ["a password with an at sign", `redis://:${"hun@ter22"}@cache:6379`, "ter22"],
    ["a password", `password: "${"hunter22"}"`, "hunter22"],
    ["a password with a comma and spaces", `{"password": "a, ${"hunter22"} b"}`, "hunter22"],
    ["a password with a quote", `{"dbPassword":"a\\"${"hunter22"}"}`, "hunter22"],
    ["a password with symbols", `DB_PASSWORD=a&b;${"hunter22"}'c`, "hunter22"],
    ["a password of a flag", `mysql --password ${"hunter22"}`, "hunter22"],
    ["a password in Ruby", `:password=>"${"hunter22"}"`, "hunter22"],
    ["a password in a query", `/login?user=a&password%3D${"hunter22"}`, "hunter22"],
    ["a scheme and a token", `auth_token: Bearer ${"abcdefgh1"}`, "abcdefgh1"],
    ["a token variable", `VAULT_TOKEN=${"abcdefgh1"}`, "abcdefgh1"],
    ["a token field", `{"token": "${"abcdefgh1"}"}`, "abcdefgh1"],
    ["a metadata token", `X-aws-ec2-metadata-token: ${"AQAEAJxyz=="}`, "AQAEAJxyz"],
    ["a Slack token", `using ${slack}`, slack],
    ["a Slack app token", `using ${slackApp}`, slackApp],
    ["a Slack webhook", `https://hooks.slack.com/services/${"T01/B02/xyzxyz"}`, "xyzxyz"],
    ["a private key", privateKey, "MIIEow"],
    ["a private key on one line", privateKey.replaceAll("\n", "\\n"), "MIIEow"],
    ["a private key that was cut", privateKey.slice(0, 300), "MIIEow"],
  ])("%s", (_what, text, hidden) => {
    expect(text).toContain(hidden);
    expect(redact(text)).not.toContain(hidden);
    expect(isCensored(redact(text))).toBe(true);
  });
});

describe("leaves what a diagnosis needs", () => {
  test.each([
    "User: arn:aws:sts::111122223333:assumed-role/carts/i-0a1b2c3d4e5f60718 is not authorized (Request ID: b69b1279-2222-4333-8444-555566667777)",
    `Encoded authorization failure message: ${"4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abc_DEF".repeat(8)} status code: 403`,
    "AROAEXAMPLEROLEID1234:eks-shop-carts-5d7f9c6b8-0b7f3c1e",
    "arn:aws:secretsmanager:us-west-2:111122223333:secret:prod/db-AbCdEf is not authorized",
    "arn:aws:iam::111122223333:role/Team2ABCdefGHIjklMNOpqrSTUvwxYZabcd9",
    "InvalidIdentityToken: No OpenIDConnect provider found in your account",
    "ExpiredToken: The security token included in the request is expired",
    "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "open /var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token: permission denied",
    "password authentication failed for user app",
    "UnrecognizedClientException: The security token included in the request is invalid.",
    "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "http://[fd00:ec2::23]/v1/credentials and http://10.0.0.1:8080/a@b",
    "S3 Extended Request ID: Zt9+abcDEF123/ghiJKL456mnoPQR789stuVWX012yzaBCD345efgHIJ678klmNOP901qrsTUV=",
    "thumbprint 9e99a48a9960b14926bb7f3b02e22da2b0ab7280",
    "Access denied because the Authorization header is missing",
  ])("%s", (text) => {
    expect(redact(text)).toBe(text);
  });

  test("and every real log, but for tokens", () => {
    const folder = join(import.meta.dirname, "../fixtures/logs");
    const logs = ["corpus.jsonl", "wild.jsonl", "unseen.jsonl"]
      .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
      .map((line) => (JSON.parse(line) as { log: string }).log);
    expect(logs.filter((log) => redact(log) !== log)).toEqual([]);
  });
});

const noise = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    " ",
    "\n",
    '"',
    "'",
    "\\",
    '\\"',
    "=",
    ": ",
    "[",
    "]",
    "{",
    "@",
    "://u:p",
    "password=",
    '"token":"',
    "Authorization: ",
    "Bearer ",
    "Basic ",
    "cookie: a=b; ",
    "arn:aws:s3:::x",
    "[redacted]",
    "--token ",
    "-----BEGIN PRIVATE KEY-----",
  ),
);
const text = fc.array(noise, { maxLength: 8 }).map((pieces) => pieces.join(""));

describe("properties", () => {
  test.each([
    ["access key ids", accessKey],
    ["temporary access key ids", temporaryKey],
    ["session tokens", sessionToken],
    ["older session tokens", olderSessionToken],
    ["JSON web tokens", jwt],
    ["tokens in base64", encodedJwt],
    ["EKS tokens", eksToken],
    ["Slack tokens", slack],
    ["private keys", privateKey],
  ])("no text hides %s", (_, secret) => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(redact(before + secret + after)).not.toContain(secret);
      }),
      { numRuns: 200 },
    );
  });

  test("no text hides a value behind its name", () => {
    const name = fc.constantFrom(
      "password=",
      "DB_PASSWORD: ",
      '{"secretAccessKey":"',
      "session_token => '",
      '\\"apiKey\\": \\"',
      "Authorization: Bearer ",
      "X-Vault-Token: ",
    );
    const secret = "Zx9Qw4Rt7Yu2";
    fc.assert(
      fc.property(text, name, text, (before, called, after) => {
        // A quote that is never closed may take a name for its value.
        const open = before.replaceAll(/["'\\]/g, "");
        expect(redact(`${open} ${called}${secret} ${after}`)).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  test.each(["://u:a/b@@", "://u:a/b@c@d", "://u:p@h/x@y"])(
    "doing it twice changes nothing of %s",
    (text) => {
      expect(redact(redact(text))).toBe(redact(text));
    },
  );

  test("doing it twice changes nothing", () => {
    const piece = fc.oneof(noise, fc.constantFrom(accessKey, jwt, slack, secretKey, privateKey, eksToken));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = redact(pieces.join(""));
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  test("takes time in proportion to the text, whatever is in it", () => {
    const hostile = [
      "eyJ",
      "AKIA",
      "password=",
      '"password":"',
      "password",
      "Authorization: ",
      "cookie: a;",
      "://a:",
      "://",
      "--",
      "\\",
      '\\"',
      "[redacted]",
      "-----BEGIN PRIVATE KEY-----",
      "bearer ",
      "<Password>",
      "x",
      " ",
      ";",
      "secret key ",
    ];
    for (const piece of hostile) {
      const [short = 0, long = 0] = [50_000, 200_000].map((length) => {
        const whole = piece.repeat(Math.ceil(length / piece.length));
        return cpuMs(() => redact(whole));
      });
      // Four times the text may take eight times as long, and never as long as a blow-up would; small times are noise.
      expect(long, piece).toBeLessThan(Math.max(short, 50) * 8);
    }
  });
});

test("values are redacted in every field, and by the field's name", () => {
  expect(
    redactAll({
      name: "carts",
      list: [`key ${accessKey}`, 1, null, true],
      tags: { password: "hunter22", team: "a" },
      env: [
        { name: "DB_PASSWORD", value: "hunter22" },
        { name: "AWS_REGION", value: "us-west-2" },
      ],
      privateKey: "arn:aws:kms:us-west-2:111122223333:key/1",
    }),
  ).toEqual({
    name: "carts",
    list: ["key [redacted]", 1, null, true],
    tags: { password: "[redacted]", team: "a" },
    env: [
      { name: "DB_PASSWORD", value: "[redacted]" },
      { name: "AWS_REGION", value: "us-west-2" },
    ],
    privateKey: "arn:aws:kms:us-west-2:111122223333:key/1",
  });
});
