import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createContainerLog } from "./container-log.ts";
import { logTail, readLog, type LogQuery } from "./log-reader.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "logs-"));
});
after(() => rm(directory, { recursive: true, force: true }));

function query(changes: Partial<LogQuery> = {}): LogQuery {
  return { follow: false, timestamps: false, signal: new AbortController().signal, ...changes };
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

async function written(name: string, chunks: string[]): Promise<string> {
  const log = createContainerLog(join(directory, name));
  for (const chunk of chunks) log.write("stdout", Buffer.from(chunk));
  await log.end();
  return log.path;
}

test("lines are kept with time, stream and F, however they arrive", async () => {
  const path = await written("lines", ["on", "e\ntwo\nthr", "ee"]);
  const stored = await readFile(path, "utf8");
  assert.match(stored, /^(\d{4}-\d\d-\d\dT[\d:.]+Z stdout F (one|two|three)\n){3}$/);
  assert.equal(await textOf(readLog(path, undefined, query())), "one\ntwo\nthree\n");
});

test("a line longer than 16 KiB is stored in parts and shown whole", async () => {
  const long = "x".repeat(40_000);
  const path = await written("long", [`${long}\nend\n`]);
  assert.match(await readFile(path, "utf8"), / stdout P x/);
  assert.equal(await textOf(readLog(path, undefined, query())), `${long}\nend\n`);
});

test("tail, limit, since and timestamps", async () => {
  const path = await written("many", [
    Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join(""),
  ]);
  const read = (changes: Partial<LogQuery>) => textOf(readLog(path, undefined, query(changes)));
  assert.equal(await read({ tailLines: 2 }), "line 19998\nline 19999\n");
  assert.equal(await read({ tailLines: 0 }), "");
  assert.equal((await read({ tailLines: 12_000 })).split("\n").length, 12_001);
  assert.equal(await read({ limitBytes: 9 }), "line 0\nli");
  assert.equal(await read({ sinceMs: Date.now() + 60_000 }), "");
  assert.match(await read({ tailLines: 1, timestamps: true }), /^\d{4}-.*Z line 19999\n$/);
  assert.equal(await logTail(path, 80, 10), "ine 19999\n");
});

test("a follower gets what is written while it reads, and ends with the log", async () => {
  const log = createContainerLog(join(directory, "followed"));
  await new Promise<void>((resolve) => {
    log.write("stdout", Buffer.from("first\n"));
    void log.changed().then(resolve);
  });
  const reader = readLog(log.path, log, query({ follow: true }));
  const first = await reader.next();
  assert.equal(Buffer.from(first.value ?? []).toString(), "first\n");
  log.write("stderr", Buffer.from("second\n"));
  const second = await reader.next();
  assert.equal(Buffer.from(second.value ?? []).toString(), "second\n");
  log.write("stdout", Buffer.from("unfinished"));
  await log.end();
  assert.equal(await textOf(reader), "unfinished\n");
});

test("a follower that goes away ends", async () => {
  const log = createContainerLog(join(directory, "left"));
  log.write("stdout", Buffer.from("first\n"));
  await log.changed();
  const stop = new AbortController();
  const reader = readLog(log.path, log, query({ follow: true, signal: stop.signal }));
  await reader.next();
  const rest = textOf(reader);
  stop.abort();
  assert.equal(await rest, "");
  await log.end();
});
