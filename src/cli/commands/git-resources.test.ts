import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../command.ts";
import { resourcesOf } from "./git-resources.ts";

test("requests and limits are named one by one", () => {
  assert.deepEqual(resourcesOf(["limits.memory=2Gi", "requests.cpu=50m", "limits.example.com/gpu=1"]), {
    requests: { cpu: "50m" },
    limits: { memory: "2Gi", "example.com/gpu": "1" },
  });
  assert.equal(resourcesOf([]), undefined);
});

for (const text of ["memory=2Gi", "limits.memory", "limits.memory=lots", "limit.memory=1Gi", "limits.=1"])
  test(`${text} is refused`, () => assert.throws(() => resourcesOf([text]), UsageError));
