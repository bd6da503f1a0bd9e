import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../client/errors.ts";
import { createLog } from "./log.ts";

test("a line is one JSON object with time, level, message and fields", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", write: (line) => void lines.push(line) });
  log.debug({}, "not shown");
  log.child({ controller: "runs" }).info({ key: "n/a" }, "reconciled");
  assert.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.deepEqual(line, { level: "info", controller: "runs", key: "n/a", message: "reconciled" });
});

test("a failed call is logged by code, reason and cause, without the server's whole answer", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", write: (line) => void lines.push(line) });
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  const error = new ApiError("GET /x: denied", {
    code: 403,
    reason: "Forbidden",
    status,
    cause: new Error("why"),
  });
  log.warn({ error }, "refused");
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.deepEqual(line["error"], {
    message: "GET /x: denied",
    code: 403,
    reason: "Forbidden",
    cause: "why",
  });
});

test("nothing that a terminal obeys is in a line, and nothing of it is lost", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", write: (line) => void lines.push(line) });
  const text = `a\u001b[31m\u009b2J\u202eb\u2028\u007f\u{e0001}${String.fromCharCode(0xd800)}`;
  log.info({ [text]: text }, text);
  assert.match(lines[0] ?? "", /^[\x20-\x7e]*\n$/);
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([line[text], line["message"]], [text, text]);
});
