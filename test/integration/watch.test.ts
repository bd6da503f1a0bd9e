import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { watchResource } from "../../src/client/watch.ts";
import type { WatchEvent, WatchOptions } from "../../src/client/watch.ts";
import { configMaps } from "../../src/kube/builtin.ts";
import type { ConfigMap } from "../../src/kube/builtin.ts";
import { answerJson, failureStatus, startScriptedServer } from "../support/scripted-server.ts";
import type { Answer, ScriptedServer, SeenRequest } from "../support/scripted-server.ts";

function configMap(name: string, resourceVersion: string): ConfigMap {
  return { metadata: { namespace: "n", name, resourceVersion, uid: `uid-${name}` } };
}

function list(resourceVersion: string, ...items: ConfigMap[]): object {
  return { kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion }, items };
}

function frame(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function isWatch(request: SeenRequest): boolean {
  return request.query.get("watch") === "true";
}

/** Answers lists with `lists` and watches with `watches`, in order, the last one again and again. */
function script(lists: Answer[], watches: Answer[]): Answer {
  let [listed, watched] = [0, 0];
  return (request, response) => {
    const answers = isWatch(request) ? watches : lists;
    const index = isWatch(request) ? watched++ : listed++;
    return answers[Math.min(index, answers.length - 1)]?.(request, response);
  };
}

const anEmptyList: Answer = (_request, response) => answerJson(response, 200, list("10"));

function says(...frames: string[]): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (const each of frames) response.write(each);
  };
}

/** A watch that says this and stays open. */
function staysOpen(...frames: string[]): Answer {
  return (_request, response) => says(...frames)(response);
}

/** A short word for each event, such as `upsert a@11`. */
function word(event: WatchEvent<ConfigMap>): string {
  switch (event.kind) {
    case "upsert":
    case "delete":
      return `${event.kind} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`;
    case "sync":
    case "bookmark":
      return `${event.kind} ${event.resourceVersion}`;
    case "malformed":
      return `malformed ${event.key ?? "?"}`;
    case "disconnected":
      return `disconnected ${event.error.code}`;
    default:
      return event.kind;
  }
}

/** Reads events until `last` comes; fails the test rather than wait for ever. */
async function readUntil(
  server: ScriptedServer,
  last: string,
  options: WatchOptions<ConfigMap> = {},
): Promise<string[]> {
  const transport = createHttpsTransport({ server: server.url });
  const words: string[] = [];
  const quick = { firstPauseMs: 2, longestPauseMs: 20, signal: AbortSignal.timeout(10_000) };
  for await (const event of watchResource(createClient(transport), configMaps, { ...quick, ...options })) {
    words.push(word(event));
    if (words.at(-1) === last) break;
  }
  transport.close();
  assert.equal(words.at(-1), last, `the watch ended before "${last}": ${words.join(", ")}`);
  return words;
}

test("lists in pages, then watches from the list's resourceVersion with bookmarks", async () => {
  await using server = await startScriptedServer(
    script(
      [
        (_request, response) =>
          answerJson(response, 200, {
            metadata: { resourceVersion: "10", continue: "more" },
            items: [configMap("a", "3")],
          }),
        (_request, response) => answerJson(response, 200, list("10", configMap("b", "4"))),
      ],
      [staysOpen(frame("ADDED", configMap("c", "11")), frame("DELETED", configMap("a", "12")))],
    ),
  );
  const words = await readUntil(server, "delete a@12", { pageSize: 1, labelSelector: "x=y", namespace: "n" });
  assert.deepEqual(words, [
    "listing",
    "upsert a@3",
    "upsert b@4",
    "sync 10",
    "connected",
    "upsert c@11",
    "delete a@12",
  ]);
  const [first, second, watch] = server.seen;
  assert.equal(first?.path, "/api/v1/namespaces/n/configmaps");
  assert.equal(first?.query.get("limit"), "1");
  assert.equal(second?.query.get("continue"), "more");
  assert.equal(watch?.query.get("resourceVersion"), "10");
  assert.equal(watch?.query.get("allowWatchBookmarks"), "true");
  assert.equal(watch?.query.get("labelSelector"), "x=y");
  assert.ok(Number(watch?.query.get("timeoutSeconds")) >= 300);
});

test("a connection cut in the middle of a line loses nothing: the watch resumes after the last whole event", async () => {
  const cut = frame("ADDED", configMap("b", "12"));
  await using server = await startScriptedServer(
    script(
      [anEmptyList],
      [
        (_request, response) => {
          says(frame("ADDED", configMap("a", "11")))(response);
          response.write(cut.slice(0, 25), () => response.destroy());
        },
        staysOpen(cut),
      ],
    ),
  );
  const words = await readUntil(server, "upsert b@12");
  assert.deepEqual(words.slice(3), ["upsert a@11", "disconnected 0", "connected", "upsert b@12"]);
  assert.equal(server.seen.at(-1)?.query.get("resourceVersion"), "11");
});

test("a line cut off by an orderly end is not taken for an event", async () => {
  const cut = frame("ADDED", configMap("b", "12"));
  await using server = await startScriptedServer(
    script(
      [anEmptyList],
      [
        (_request, response) => {
          says(frame("ADDED", configMap("a", "11")), cut.slice(0, 25))(response);
          response.end();
        },
        staysOpen(cut),
      ],
    ),
  );
  const words = await readUntil(server, "upsert b@12");
  assert.deepEqual(words.slice(3), ["upsert a@11", "connected", "upsert b@12"]);
});

test("a bookmark moves the place to resume from", async () => {
  await using server = await startScriptedServer(
    script(
      [anEmptyList],
      [
        (_request, response) => {
          says(frame("BOOKMARK", { metadata: { resourceVersion: "50" } }))(response);
          response.end();
        },
        staysOpen(frame("ADDED", configMap("a", "51"))),
      ],
    ),
  );
  const words = await readUntil(server, "upsert a@51");
  assert.ok(words.includes("bookmark 50"));
  assert.equal(server.seen.at(-1)?.query.get("resourceVersion"), "50");
});

for (const [where, answer] of [
  [
    "as the answer to a watch",
    (_request, response) =>
      answerJson(response, 410, failureStatus(410, "Expired", "too old resource version: 10 (40)")),
  ],
  [
    "as an event of a watch",
    staysOpen(frame("ERROR", failureStatus(410, "Expired", "too old resource version"))),
  ],
] as [string, Answer][]) {
  test(`410 ${where} leads to a new list at once`, async () => {
    await using server = await startScriptedServer(
      script(
        [anEmptyList, (_request, response) => answerJson(response, 200, list("40", configMap("b", "35")))],
        [answer, staysOpen(frame("ADDED", configMap("c", "41")))],
      ),
    );
    const words = await readUntil(server, "upsert c@41");
    const relisted = words.slice(words.lastIndexOf("listing"));
    assert.deepEqual(relisted, ["listing", "upsert b@35", "sync 40", "connected", "upsert c@41"]);
    assert.equal(server.seen.at(-1)?.query.get("resourceVersion"), "40");
  });
}

test("a continue token that has expired leads to one list without pages", async () => {
  await using server = await startScriptedServer(
    script(
      [
        (_request, response) =>
          answerJson(response, 200, {
            metadata: { resourceVersion: "10", continue: "more" },
            items: [configMap("a", "3")],
          }),
        (_request, response) =>
          answerJson(
            response,
            410,
            failureStatus(410, "Expired", "The provided continue parameter is too old"),
          ),
        (_request, response) => answerJson(response, 200, list("20", configMap("b", "4"))),
      ],
      [staysOpen()],
    ),
  );
  const words = await readUntil(server, "sync 20");
  assert.deepEqual(words.slice(-3), ["listing", "upsert b@4", "sync 20"]);
  assert.equal(server.seen.at(-1)?.query.get("limit"), null);
});

test("429 is answered by waiting as long as the server asks", async () => {
  const refused = (_request: SeenRequest, response: ServerResponse): void =>
    answerJson(response, 429, failureStatus(429, "TooManyRequests", "slow down"), { "retry-after": "1" });
  await using server = await startScriptedServer(script([refused, anEmptyList], [staysOpen()]));
  const startedAt = performance.now();
  await readUntil(server, "sync 10");
  assert.ok(performance.now() - startedAt >= 1_000);
});

test("a connection on which nothing comes any more is given up and resumed", async () => {
  await using server = await startScriptedServer(
    script(
      [anEmptyList],
      [staysOpen(frame("ADDED", configMap("a", "11"))), staysOpen(frame("ADDED", configMap("b", "12")))],
    ),
  );
  const words = await readUntil(server, "upsert b@12", { idleLimitMs: 100 });
  assert.deepEqual(words.slice(3), ["upsert a@11", "disconnected 0", "connected", "upsert b@12"]);
});

test("a server that accepts a watch and never answers is given up too", async () => {
  await using server = await startScriptedServer(
    script([anEmptyList], [() => undefined, staysOpen(frame("ADDED", configMap("b", "12")))]),
  );
  assert.ok((await readUntil(server, "upsert b@12", { idleLimitMs: 100 })).includes("disconnected 0"));
});

test("an object that cannot be read is told as such, and the watch goes on", async () => {
  await using server = await startScriptedServer(
    script(
      [
        (_request, response) =>
          answerJson(response, 200, {
            metadata: { resourceVersion: "10" },
            items: [{ metadata: {} }, configMap("bad", "4"), configMap("good", "5")],
          }),
      ],
      [
        staysOpen(
          frame("ADDED", configMap("bad", "11")),
          frame("ADDED", { spec: "no metadata" }),
          frame("PAINTED", configMap("a", "12")),
          frame("DELETED", configMap("bad", "13")),
          frame("ADDED", configMap("good", "14")),
        ),
      ],
    ),
  );
  const check = (object: ConfigMap): string | undefined =>
    object.metadata.name === "bad" ? "this one is bad" : undefined;
  assert.deepEqual(await readUntil(server, "upsert good@14", { check }), [
    "listing",
    "malformed ?",
    "malformed n/bad",
    "upsert good@5",
    "sync 10",
    "connected",
    "malformed n/bad",
    "malformed ?",
    "malformed ?",
    "delete bad@13",
    "upsert good@14",
  ]);
});

test("after a line that is no JSON only a new list can tell the truth", async () => {
  await using server = await startScriptedServer(
    script(
      [anEmptyList, (_request, response) => answerJson(response, 200, list("20", configMap("lost", "11")))],
      [staysOpen("{broken\n"), staysOpen(frame("ADDED", configMap("b", "21")))],
    ),
  );
  const words = await readUntil(server, "upsert b@21");
  assert.deepEqual(words.slice(3), [
    "malformed ?",
    "listing",
    "upsert lost@11",
    "sync 20",
    "connected",
    "upsert b@21",
  ]);
});

test("watches that end at once are not repeated in a busy loop", async () => {
  await using server = await startScriptedServer(
    script([anEmptyList], [(_request, response) => void response.writeHead(200).end()]),
  );
  const signal = AbortSignal.timeout(500);
  const transport = createHttpsTransport({ server: server.url });
  const options = { signal, firstPauseMs: 50, longestPauseMs: 200 };
  for await (const event of watchResource(createClient(transport), configMaps, options)) void event;
  assert.ok(server.seen.length >= 3 && server.seen.length < 15, `${server.seen.length} requests in 500 ms`);
});

test("the signal ends the watch without an error, also in the middle of a pause", async () => {
  await using server = await startScriptedServer((_request, response) =>
    answerJson(response, 500, failureStatus(500, "InternalError", "broken")),
  );
  const stop = new AbortController();
  const words: string[] = [];
  const transport = createHttpsTransport({ server: server.url });
  const options = { signal: stop.signal, firstPauseMs: 60_000, longestPauseMs: 60_000 };
  for await (const event of watchResource(createClient(transport), configMaps, options)) {
    words.push(word(event));
    if (event.kind === "disconnected") setImmediate(() => stop.abort());
  }
  assert.deepEqual(words, ["listing", "disconnected 500"]);
});

test("a reader that stops ends the connection", async () => {
  let closed: () => void;
  const closing = new Promise<void>((resolve) => (closed = resolve));
  await using server = await startScriptedServer(
    script(
      [anEmptyList],
      [
        (_request, response) => {
          response.on("close", () => closed());
          says(frame("ADDED", configMap("a", "11")))(response);
        },
      ],
    ),
  );
  await readUntil(server, "upsert a@11");
  await closing;
});

test("a metadata-only watch asks for nothing else", async () => {
  await using server = await startScriptedServer(
    script([anEmptyList], [staysOpen(frame("ADDED", configMap("a", "11")))]),
  );
  await readUntil(server, "upsert a@11", { metadataOnly: true });
  assert.match(server.seen[0]?.headers.accept ?? "", /as=PartialObjectMetadataList;/);
  assert.match(server.seen[1]?.headers.accept ?? "", /as=PartialObjectMetadata;/);
});
