import assert from "node:assert/strict";
import { test } from "node:test";
import { REFUSED_CHANGES } from "../support/refused/changes.ts";
import type { Manifest } from "../support/refused/manifest.ts";
import { REFUSED_MANIFESTS } from "../support/refused/manifests.ts";
import { useCluster } from "../support/cluster.ts";
import type { RunResult } from "../support/run.ts";

const cluster = useCluster({ operator: false });

function apply(manifest: Manifest): Promise<RunResult> {
  return cluster.kubectl.attempt(["apply", "-f", "-"], { input: JSON.stringify(manifest) });
}

/** How kubectl prints a refusal: one error in the same line, several in a list. */
function assertSays({ stderr, code }: RunResult, manifest: Manifest, says: string): void {
  assert.equal(code, 1, stderr);
  const title = `The ${manifest.kind} "${manifest.metadata.name}" is invalid: `;
  const lines = stderr.split("\n").map((line) => line.replace(/^\* /, ""));
  assert.ok(lines.includes(`${title}${says}`) || (lines.includes(title) && lines.includes(says)), stderr);
}

// A second for each of some hundred kubectl, four at a time: more on a machine that has something else to do.
test("kubectl says why each manifest is refused", { timeout: 400_000, concurrency: 4 }, async (t) => {
  const checks = REFUSED_MANIFESTS.map(({ what, manifest, says }) =>
    t.test(what, async () => assertSays(await apply(manifest), manifest, says)),
  );
  await Promise.all(checks);
});

test("kubectl says why each change is refused", { timeout: 120_000 }, async (t) => {
  for (const { what, before, phase, after, says } of REFUSED_CHANGES) {
    await t.test(what, async () => {
      assert.equal((await apply(before)).code, 0);
      const name = [before.kind, before.metadata.name];
      if (phase !== undefined) {
        const patch = JSON.stringify({ status: { phase } });
        await cluster.kubectl("patch", ...name, "--subresource=status", "--type=merge", "-p", patch);
      }
      assertSays(await apply(after), after, says);
      await cluster.kubectl("delete", ...name);
    });
  }
});

test("kubectl names a field that there is not", async () => {
  const [first] = REFUSED_CHANGES;
  assert.ok(first);
  const manifest = { ...first.before, spec: { ...Object(first.before.spec), promt: "Fix it" } };
  const { stderr, code } = await apply(manifest);
  assert.equal(code, 1);
  assert.match(stderr, /strict decoding error: unknown field "spec\.promt"/);
});
