import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import { agentRuns } from "../../src/api/resources.ts";
import type { HttpRequest, Transport } from "../../src/client/transport.ts";
import { jobs, persistentVolumeClaims } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { createLog } from "../../src/runtime/log.ts";
import { startRunPlane, type RunPlane } from "../support/run-plane.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

/** From the answer to a request of the given kind on, nothing of an operator reaches the API server any more. */
function killedAfter(transport: Transport, isLast: (request: HttpRequest) => boolean) {
  let isDead = false;
  const died = Promise.withResolvers<void>();
  const dying: Transport = async (request) => {
    if (isDead) throw new Error("this operator was killed");
    const response = await transport(request);
    if (isLast(request) && response.status < 300) {
      isDead = true;
      died.resolve();
      throw new Error("this operator was killed before it saw the answer");
    }
    return response;
  };
  return { dying, died: died.promise };
}

describe("an operator that is killed while a run takes up another one's work", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let plane: RunPlane;
  before(async () => {
    plane = await startRunPlane(stack);
  });
  after(() => stack.disposeAsync());

  const moments: [what: string, isLast: (request: HttpRequest, name: string) => boolean, joined: boolean][] =
    [
      [
        "has taken over what the run has left",
        ({ method, path }, name) => method === "PATCH" && path.includes(`/agentruns/${name}/status`),
        false,
      ],
      [
        "has become an owner of the claim",
        ({ method, path }) => method === "PATCH" && path.includes("/persistentvolumeclaims/"),
        true,
      ],
      ["has its Job", ({ method, path }) => method === "POST" && /\/jobs(\?|$)/.test(path), true],
    ];
  for (const [index, [what, isLast, joined]] of moments.entries())
    it(`is followed by one that goes on: the run ${what}`, async () => {
      const { admin, namespace } = plane;
      const [first, next] = [`first-${index}`, `next-${index}`];
      const log = createLog({ level: "error", write: () => undefined });
      const spec = runNamed(first).spec;
      await plane.startOperator({ log });
      await plane.carryOut([first]);
      await plane.stopOperators();

      const { dying, died } = killedAfter(plane.transport, (request) => isLast(request, next));
      await plane.startOperator({ transport: dying, log });
      const { repository: _, agent: __, ...own } = spec;
      await admin.create(agentRuns, {
        metadata: { name: next, namespace },
        spec: { ...own, continueFrom: { run: first } },
      });
      await died;
      await plane.stopOperators();
      const claimAt = { namespace, name: `${first}-workspace` };
      const owners = async (): Promise<string[]> =>
        ((await admin.get(persistentVolumeClaims, claimAt)).metadata.ownerReferences ?? []).map(
          ({ name }) => name,
        );
      assert.deepEqual(await owners(), joined ? [first, next] : [first]);
      // Whoever has joined keeps the work, even if nobody is there to see the first run go.
      if (joined) {
        await admin.delete(agentRuns, { namespace, name: first });
        await waitForAbsence(admin, agentRuns, { namespace, name: first });
      }
      await plane.startOperator({ log });
      const { status } = await waitFor(admin, agentRuns, { namespace, name: next }, isFinished);
      assert.equal(status?.phase, "Succeeded", status?.message);
      assert.ok((await owners()).includes(next));
      const made = (await admin.list(jobs, { namespace })).items.filter(
        ({ metadata }) => metadata.name === next,
      );
      assert.equal(made.length, 1);
      await plane.stopOperators();
    });
});
