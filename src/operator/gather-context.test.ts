import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../kube/builtin.ts";
import type { JobState } from "../plan/jobs/job-state.ts";
import { podOf } from "./gather-context.ts";

const JOB: JobState = { metadata: { name: "fix", namespace: "team", uid: "u1" } };
const ENDED: JobState = { ...JOB, status: { conditions: [{ type: "Complete", status: "True" }] } };

function aPod(name: string, creationTimestamp: string): Pod {
  return { metadata: { name, creationTimestamp }, spec: { containers: [] } };
}

/** Which pod is found, and what was asked of the API server, if the cache has these pods. */
async function found(job: JobState, cached: Pod[]): Promise<[string | undefined, unknown[]]> {
  const asked: unknown[] = [];
  const list = (_: unknown, options: unknown) => {
    asked.push(options);
    return Promise.resolve({
      items: [aPod("first", "2026-01-01T00:00:00Z"), aPod("last", "2026-01-02T00:00:00Z")],
    });
  };
  const context = { client: { list }, caches: { pods: { by: () => cached } } };
  const pod = await podOf(context as unknown as Parameters<typeof podOf>[0], job);
  return [pod?.metadata.name, asked];
}

test("the pod of a Job that has ended is asked for if the cache is behind, and only then", async () => {
  const labelSelector = "batch.kubernetes.io/controller-uid=u1";
  assert.deepEqual(await found(ENDED, []), ["last", [{ namespace: "team", labelSelector }]]);
  assert.deepEqual(await found(JOB, []), [undefined, []]);
  assert.deepEqual(await found(ENDED, [aPod("cached", "2026-01-01T00:00:00Z")]), ["cached", []]);
});
