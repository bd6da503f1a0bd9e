import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import type { HttpRequest, Transport } from "../../src/client/transport.ts";
import { events, jobs, namespaces, pods } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { watchResource } from "../../src/client/watch.ts";
import type { Recording } from "./recordings.ts";
import { stepsOf, type Seen, type Steps } from "./node-steps.ts";

export interface Replayed {
  recorded: Steps;
  seen: Steps;
}

interface Request {
  method: HttpRequest["method"];
  path: string;
  body?: unknown;
}

/** Sleeps of the recorded scripts and pauses between its actions take this part of their time. */
const SCALE = 0.3;
/** What is to run until its Job ends it, or until another container has started, must run long enough. */
const SCALES: Record<string, number> = {
  "classic-sidecar": 1,
  "classic-sidecar-agent-fails": 1,
  "restart-on-failure": 3,
};
/** If nothing happens for so much longer than it did in the recording, nothing more is awaited. */
const PATIENCE_MS = 10_000;
/** How long it is watched whether something follows that was not recorded. */
const AFTER_MS = 700;

/** Makes the recorded objects in its own namespace, does the recorded actions when it comes to them, and watches. */
export async function replay(client: Client, transport: Transport, recording: Recording): Promise<Replayed> {
  const namespace = `replay-${randomBytes(4).toString("hex")}`;
  await client.create(namespaces, { metadata: { name: namespace } });
  const scale = SCALES[recording.scenario] ?? SCALE;
  const recordedSeen = recording.sequence.map(({ ms, resource, type, object }) => ({
    ms,
    resource,
    type,
    object,
  }));
  const stepsBefore = (ms: number): Steps =>
    stepsOf(
      recordedSeen.filter((one) => one.ms < ms),
      "{{ns}}",
      "{{node}}",
    );
  const recorded = stepsOf(recordedSeen, "{{ns}}", "{{node}}");
  const seen: Seen[] = [];
  const stop = new AbortController();
  const watching = [pods, jobs, events].map((type) =>
    watch(client, type.plural, type, namespace, seen, stop),
  );
  await Promise.all(watching.map(({ ready }) => ready));

  const times = recording.sequence.map(({ ms }) => ms);
  const idleMs = Math.max(...times.map((ms, index) => ms - (times[index - 1] ?? 0))) + PATIENCE_MS;
  const untilLike = async (wanted: Steps): Promise<void> => {
    for (let known = -1, since = performance.now(); ;) {
      if (seen.length !== known) [known, since] = [seen.length, performance.now()];
      const now = stepsOf(seen, namespace, hostname());
      const isThere =
        now.pods.length >= wanted.pods.length &&
        now.jobs.length >= wanted.jobs.length &&
        countOf(now.events) >= countOf(wanted.events);
      if (isThere || performance.now() - since > idleMs) return;
      await sleep(50);
    }
  };
  const todo = [
    ...recording.created.map(({ ms, object }) => ({
      ms,
      run: () => create(transport, object, namespace, scale),
    })),
    ...recording.actions.flatMap(({ ms, request }) =>
      request === undefined
        ? []
        : [{ ms, run: () => send(transport, request as Request, namespace, recording, seen) }],
    ),
  ].toSorted((a, b) => a.ms - b.ms);
  for (const { ms, run } of todo) {
    if (ms > 500) {
      await untilLike(stepsBefore(ms));
      const since = times.findLast((time) => time < ms) ?? 0;
      await sleep((ms - since) * scale);
    }
    await run();
  }
  await untilLike(recorded);
  await sleep(AFTER_MS);
  stop.abort();
  await Promise.all(watching.map(({ over }) => over));
  return { recorded, seen: stepsOf(seen, namespace, hostname()) };
}

function countOf(lists: Record<string, string[]>): number {
  return Object.values(lists).reduce((sum, list) => sum + list.length, 0);
}

function watch(
  client: Client,
  resource: string,
  type: Parameters<typeof watchResource>[1],
  namespace: string,
  seen: Seen[],
  stop: AbortController,
) {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const follow = async (): Promise<void> => {
    for await (const event of watchResource(client, type, { namespace, signal: stop.signal })) {
      if (event.kind === "connected") resolve();
      if (event.kind === "upsert" || event.kind === "delete") {
        seen.push({
          resource,
          type: event.kind === "delete" ? "DELETED" : "MODIFIED",
          object: structuredClone(event.object),
        });
      }
    }
  };
  return { ready, over: follow() };
}

const PATHS: Record<string, string> = {
  PersistentVolumeClaim: "/api/v1/namespaces/{{ns}}/persistentvolumeclaims",
  Secret: "/api/v1/namespaces/{{ns}}/secrets",
  LimitRange: "/api/v1/namespaces/{{ns}}/limitranges",
  ResourceQuota: "/api/v1/namespaces/{{ns}}/resourcequotas",
  PodDisruptionBudget: "/apis/policy/v1/namespaces/{{ns}}/poddisruptionbudgets",
  PriorityClass: "/apis/scheduling.k8s.io/v1/priorityclasses",
  StorageClass: "/apis/storage.k8s.io/v1/storageclasses",
  Job: "/apis/batch/v1/namespaces/{{ns}}/jobs",
};

async function create(
  transport: Transport,
  object: KubeObject,
  namespace: string,
  scale: number,
): Promise<void> {
  // A busy machine may take seconds to start a container.
  const spread = (_: string, seconds: string): string => `"activeDeadlineSeconds":${Number(seconds) * 2}`;
  // The recorded cluster's default class binds at once.
  const spec = { storageClassName: "nfs-csi", ...(object as { spec?: object }).spec };
  const made = object.kind === "PersistentVolumeClaim" ? { ...object, spec } : object;
  const body = JSON.stringify(made)
    .replaceAll(/"activeDeadlineSeconds":(\d)(?!\d)/g, spread)
    .replaceAll(/\bsleep (\d+)/g, (_, seconds: string) => `sleep ${Number(seconds) * scale}`);
  await request(
    transport,
    "POST",
    PATHS[object.kind ?? ""] ?? "",
    JSON.parse(body.replaceAll("{{ns}}", namespace)),
    namespace,
  );
}

async function send(
  transport: Transport,
  { method, path, body }: Request,
  namespace: string,
  recording: Recording,
  seen: readonly Seen[],
): Promise<void> {
  const own = [...new Set(seen.filter(({ resource }) => resource === "pods").map(podName))];
  const theirs = [...new Set(recording.sequence.filter(({ resource }) => resource === "pods").map(podName))];
  let text = JSON.stringify({ path, body });
  for (const [index, name] of theirs.entries())
    if (name !== undefined) text = text.replaceAll(name, own[index] ?? name);
  const here = JSON.parse(text) as { path: string; body?: unknown };
  await request(transport, method, here.path, here.body, namespace);
}

function podName({ object }: { object?: KubeObject | null | undefined }): string | undefined {
  return object?.metadata.name;
}

async function request(
  transport: Transport,
  method: HttpRequest["method"],
  path: string,
  body: unknown,
  namespace: string,
): Promise<void> {
  const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const response = await transport({
    method,
    path: path.replaceAll("{{ns}}", namespace).replaceAll("{{node}}", hostname()),
    ...(body === undefined
      ? {}
      : {
          headers: { "content-type": contentType },
          body: JSON.stringify(body).replaceAll("{{ns}}", namespace),
        }),
  });
  const text = await response.text();
  if (response.status >= 400 && !path.endsWith("/eviction"))
    throw new Error(`${method} ${path}: ${response.status} ${text}`);
}
