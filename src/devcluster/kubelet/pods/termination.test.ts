import assert from "node:assert/strict";
import { test } from "node:test";
import { fallsBackToLog, terminatedState, type ContainerEnd } from "./termination.ts";

const end: ContainerEnd = {
  containerID: "local://1",
  exitCode: 0,
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt: "2026-01-01T00:00:01Z",
  startError: undefined,
  outOfMemory: false,
  message: "",
};

for (const [what, change, reason, exitCode] of [
  ["success", {}, "Completed", 0],
  ["failure", { exitCode: 3 }, "Error", 3],
  ["a limit that was exceeded", { exitCode: 137, outOfMemory: true }, "OOMKilled", 137],
  ["a command that is missing", { exitCode: 1, startError: 'exec: "x"' }, "StartError", 128],
] as const) {
  test(`${what} is ${reason}`, () => {
    const state = terminatedState({ ...end, ...change });
    assert.deepEqual([state.reason, state.exitCode], [reason, exitCode]);
  });
}

test("what never ran started when time began, and its message is the runtime's", () => {
  const state = terminatedState({
    ...end,
    startedAt: undefined,
    startError: "no such file",
    message: "file",
  });
  assert.equal(state.startedAt, "1970-01-01T00:00:00Z");
  assert.match(
    state.message ?? "",
    /^failed to create containerd task: .*start container process: no such file$/,
  );
  assert.equal("message" in terminatedState(end), false);
});

test("the log stands in only for the message of a failed container that asks for it", () => {
  const asks = { name: "c", terminationMessagePolicy: "FallbackToLogsOnError" } as const;
  assert.equal(fallsBackToLog(asks, "", 1), true);
  assert.deepEqual(
    [fallsBackToLog(asks, "said", 1), fallsBackToLog(asks, "", 0), fallsBackToLog({ name: "c" }, "", 1)],
    [false, false, false],
  );
});
