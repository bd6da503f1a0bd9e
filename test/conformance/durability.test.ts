import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { openStore } from "../../src/devcluster/apiserver/storage/store.ts";

const CHILD = fileURLToPath(new URL("store-child.ts", import.meta.url));
const KILLS = 100;
/** Data directories that are written at the same time, each by one process after the other. */
const LANES = 2;

/** Runs a writer, kills it with SIGKILL after `ms` of writing, and answers the lines that it had written whole. */
async function writeAndKill(dataDir: string, prefix: string, ms: number): Promise<string[]> {
  const file = join(dataDir, "steps");
  const child = spawn(process.execPath, [CHILD, dataDir, prefix, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await delay(ms);
  child.kill("SIGKILL");
  await once(child, "close");
  return (await readFile(file, "utf8")).split("\n").slice(0, -1);
}

/** What must be there, what must not, and the latest version that was reported, so far. */
interface Acknowledged {
  present: Map<string, number>;
  absent: Set<string>;
  version: number;
}

function follow(known: Acknowledged, lines: readonly string[]): void {
  for (const line of lines) {
    const [name = "", version = "0"] = line.slice(1).split(" ");
    if (line.startsWith("+")) known.present.set(name, Number(version));
    // From here to its acknowledgement a removal may or may not have happened.
    else known.present.delete(name);
    if (line.startsWith("!")) known.absent.add(name);
    known.version = Math.max(known.version, Number(version));
  }
}

async function check(dataDir: string, known: Acknowledged): Promise<void> {
  const store = await openStore(dataDir);
  try {
    assert.ok(store.version() >= known.version, "the version went back");
    known.version = store.version();
    const found = new Map([...store.table("things").values()].map((stored) => [stored.name, stored]));
    const lost = [...known.present].filter(([name, version]) => found.get(name)?.version !== version);
    assert.deepEqual(lost, [], "acknowledged writes are lost");
    assert.deepEqual(
      [...known.absent].filter((name) => found.has(name)),
      [],
      "acknowledged removals are undone",
    );
    for (const { json } of found.values()) {
      const { text, length } = JSON.parse(json) as { text: string; length: number };
      assert.equal(text.length, length, "half an object is stored");
    }
  } finally {
    await store.close();
  }
}

test(`nothing acknowledged is lost by ${KILLS} kills under writes`, { timeout: 120_000 }, async () => {
  let steps = 0;
  const kill = async (lane: number): Promise<void> => {
    const dataDir = await mkdtemp(join(tmpdir(), "durability-"));
    const known: Acknowledged = { present: new Map(), absent: new Set(), version: 0 };
    try {
      for (let round = lane; round < KILLS; round += LANES) {
        const lines = await writeAndKill(dataDir, `round${round}`, 5 + Math.random() * 40);
        follow(known, lines);
        steps += lines.length;
        await check(dataDir, known);
      }
    } finally {
      await rm(dataDir, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, lane) => kill(lane)));
  assert.ok(steps > KILLS * 10, `only ${steps} steps were written`);
});

test("a torn record at the end of the log is cut, and what comes before it stays", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "durability-"));
  const path = "/api/v1/namespaces/default/configmaps";
  const names = async (): Promise<string[]> => {
    const server = await createApiServer({ dataDir });
    const response = await server.transport()({ method: "GET", path });
    const { items } = JSON.parse(await response.text()) as { items: { metadata: { name: string } }[] };
    await server.close();
    return items.map((item) => item.metadata.name);
  };
  try {
    const server = await createApiServer({ dataDir });
    const body = JSON.stringify({ metadata: { name: "kept" } });
    const headers = { "content-type": "application/json" };
    assert.equal((await server.transport()({ method: "POST", path, headers, body })).status, 201);
    await server.close();
    await appendFile(join(dataDir, "apiserver", "state.log"), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 123]));
    assert.deepEqual(await names(), ["kept"]);
    assert.deepEqual(await names(), ["kept"]);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
