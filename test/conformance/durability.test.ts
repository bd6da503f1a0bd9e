import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";

const CHILD = fileURLToPath(new URL("store-child.ts", import.meta.url));
const ROUNDS = 6;

interface Listed {
  metadata: { resourceVersion: string };
  items: { metadata: { name: string; resourceVersion: string } }[];
}

async function list(dataDir: string): Promise<Listed> {
  const server = await createApiServer({ dataDir });
  try {
    const path = "/api/v1/namespaces/default/configmaps";
    const response = await server.transport()({ method: "GET", path });
    return JSON.parse(await response.text()) as Listed;
  } finally {
    await server.close();
  }
}

/** Runs a writer, kills it with SIGKILL after `ms` of writing, and answers what it had acknowledged. */
async function writeAndKill(dataDir: string, prefix: string, ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, dataDir, prefix], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child.stdout, "data");
  await delay(ms);
  child.kill("SIGKILL");
  await once(child, "close");
  // The last line may be torn: what it says was not read whole.
  return output.split("\n").slice(0, -1);
}

test("what was acknowledged survives kill -9, and versions never go back", { timeout: 60_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "durability-"));
  const expected = new Map<string, string>();
  let latest = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const lines = await writeAndKill(dataDir, `round${round}`, 20 + ((round * 53) % 150));
      assert.ok(lines.length > 0);
      for (const line of lines) {
        const [name = "", version = ""] = line.split(" ");
        if (version === "deleted") expected.delete(name);
        else {
          expected.set(name, version);
          latest = Math.max(latest, Number(version));
        }
      }
      // A deletion that was on its way when the writer died may have happened.
      const { metadata, items } = await list(dataDir);
      assert.ok(Number(metadata.resourceVersion) >= latest);
      latest = Number(metadata.resourceVersion);
      const found = new Map(items.map((item) => [item.metadata.name, item.metadata.resourceVersion]));
      const lost = [...expected].filter(([name, version]) => found.get(name) !== version);
      assert.ok(lost.length <= 4, `lost: ${lost.map(([name]) => name).join(", ")}`);
      for (const [name] of lost) {
        assert.match(name, /-\d*[27]$/, "only objects that the writer deletes may be gone");
        expected.delete(name);
      }
    }
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

test("a torn record at the end of the log is cut, and what comes before it stays", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "durability-"));
  try {
    const server = await createApiServer({ dataDir });
    const path = "/api/v1/namespaces/default/configmaps";
    const body = JSON.stringify({ metadata: { name: "kept" } });
    const headers = { "content-type": "application/json" };
    assert.equal((await server.transport()({ method: "POST", path, headers, body })).status, 201);
    await server.close();
    await appendFile(join(dataDir, "apiserver", "state.log"), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 123]));
    const { items } = await list(dataDir);
    assert.deepEqual(
      items.map((item) => item.metadata.name),
      ["kept"],
    );
    assert.deepEqual(await list(dataDir), await list(dataDir));
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
