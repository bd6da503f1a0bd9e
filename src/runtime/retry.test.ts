import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../client/errors.ts";
import { decideRetry, failureReason, NotLeadingError } from "./retry.ts";

const cases: { name: string; error: unknown; failures?: number; wanted: ReturnType<typeof decideRetry> }[] = [
  {
    name: "a conflict is tried again at once",
    error: new ApiError("x", { code: 409, reason: "Conflict" }),
    wanted: { when: "now" },
  },
  {
    name: "a conflict that does not end gets a pause",
    error: new ApiError("x", { code: 409, reason: "Conflict" }),
    failures: 5,
    wanted: { when: "backoff", atLeastMs: 0 },
  },
  {
    name: "too many requests: not before the server said",
    error: new ApiError("x", { code: 429, reason: "TooManyRequests", retryAfterSeconds: 3 }),
    wanted: { when: "backoff", atLeastMs: 3_000 },
  },
  {
    name: "no answer: after a pause",
    error: new ApiError("x", { code: 0 }),
    wanted: { when: "backoff", atLeastMs: 0, atMostMs: 3_000 },
  },
  {
    name: "forbidden: much later",
    error: new ApiError("x", { code: 403, reason: "Forbidden" }),
    wanted: { when: "later", afterMs: 60_000 },
  },
  {
    name: "invalid: the same request would be refused again",
    error: new ApiError("x", { code: 422, reason: "Invalid" }),
    wanted: { when: "later", afterMs: 300_000 },
  },
  {
    name: "a namespace that is going away: never",
    error: new ApiError("x", {
      code: 403,
      reason: "Forbidden",
      status: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        details: { causes: [{ reason: "NamespaceTerminating" }] },
      },
    }),
    wanted: { when: "never" },
  },
  {
    name: "not leading at this moment: soon again, because a process that was only slow leads again",
    error: new NotLeadingError(),
    wanted: { when: "backoff", atLeastMs: 500, atMostMs: 3_000 },
  },
  {
    name: "a bug: after a pause",
    error: new TypeError("x is undefined"),
    wanted: { when: "backoff", atLeastMs: 0 },
  },
];

for (const { name, error, failures, wanted } of cases) {
  test(name, () => assert.deepEqual(decideRetry(error, failures ?? 0), wanted));
}

test("a failure has one word for metrics", () => {
  assert.equal(failureReason(new ApiError("x", { code: 409, reason: "Conflict" })), "Conflict");
  assert.equal(failureReason(new ApiError("x", { code: 0 })), "NoAnswer");
  assert.equal(failureReason(new ApiError("x", { code: 502 })), "Status502");
  assert.equal(failureReason(new TypeError("x")), "Bug");
});
