import assert from "node:assert/strict";
import { it } from "node:test";
import { createDependencies } from "./dependencies.ts";

it("what was read last brings its reader back, and nothing else does", () => {
  const dependencies = createDependencies();
  dependencies.record("run", ["Secret a", "Secret b"]);
  dependencies.record("other", ["Secret b"]);
  assert.deepEqual([...dependencies.readersOf("Secret b")], ["run", "other"]);
  dependencies.record("run", ["Secret a"]);
  assert.deepEqual([...dependencies.readersOf("Secret b")], ["other"]);
  dependencies.forget("run");
  assert.deepEqual([...dependencies.readersOf("Secret a")], []);
});
