import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps } from "../kube/builtin.ts";
import { createMetrics, resourceOf } from "./metrics.ts";

test("a path is counted under its resource, never under a name", () => {
  const paths: [string, string][] = [
    ["/api/v1/pods?watch=true", "pods"],
    ["/api/v1/namespaces", "namespaces"],
    ["/api/v1/namespaces/n", "namespaces"],
    ["/api/v1/namespaces/n/status", "namespaces/status"],
    ["/api/v1/namespaces/n/pods", "pods"],
    ["/api/v1/namespaces/n/pods/p/log?follow=true", "pods/log"],
    ["/apis/batch/v1/namespaces/n/jobs/j", "jobs"],
    ["/apis/batch/v1/jobs", "jobs"],
    ["/apis/example.com/v1/namespaces/n/things/t/status", "things/status"],
    ["/version", "other"],
    ["/apis", "other"],
  ];
  for (const [path, wanted] of paths) assert.equal(resourceOf(path), wanted, path);
});

test("requests, reconciles, queues, watches and caches show in what Prometheus reads", async () => {
  const metrics = createMetrics("test_");
  const transport = metrics.observeTransport(async () => ({
    status: 201,
    headers: {},
    text: async () => "",
    bytes: async () => Buffer.alloc(0),
    chunks: async function* () {},
  }));
  await transport({ method: "POST", path: "/api/v1/namespaces/n/configmaps" });
  const broken = metrics.observeTransport(() => Promise.reject(new Error("no")));
  await assert.rejects(broken({ method: "GET", path: "/api/v1/configmaps?watch=true" }));
  const controller = metrics.controller("runs");
  controller.reconciled("Conflict", 0.01);
  controller.queue.depth(3);
  controller.queue.retried();
  controller.queue.waited(0.2);
  metrics.reflector.event("configmaps", "upsert");
  metrics.reflector.disconnected("configmaps", "NoAnswer");
  const cache = { size: 5, type: configMaps };
  metrics.observeCache(cache);
  cache.size = 7;
  metrics.eventDropped("rate");
  metrics.leading(() => true);
  const { body, contentType } = await metrics.render();
  assert.match(contentType, /^text\/plain/);
  for (const line of [
    'test_api_requests_total{verb="create",resource="configmaps",code="201"} 1',
    'test_api_requests_total{verb="watch",resource="configmaps",code="0"} 1',
    'test_reconciles_total{controller="runs",outcome="Conflict"} 1',
    'test_queue_depth{controller="runs"} 3',
    'test_queue_retries_total{controller="runs"} 1',
    'test_queue_wait_seconds_count{controller="runs"} 1',
    'test_watch_events_total{resource="configmaps",kind="upsert"} 1',
    'test_watch_failures_total{resource="configmaps",reason="NoAnswer"} 1',
    'test_cache_objects{resource="configmaps"} 7',
    'test_events_dropped_total{why="rate"} 1',
    "test_leader 1",
  ]) {
    assert.ok(body.split("\n").includes(line), `${line} is missing in\n${body}`);
  }
  assert.match(body, /^process_resident_memory_bytes \d{7,}$/m);
});

test("what can be known counts from zero, so that its first event is an increase", async () => {
  const metrics = createMetrics("test_");
  metrics.controller("runs");
  const { body } = await metrics.render();
  for (const series of [
    'test_reconciles_total{controller="runs",outcome="Bug"}',
    'test_reconciles_total{controller="runs",outcome="Forbidden"}',
    'test_queue_retries_total{controller="runs"}',
    'test_events_dropped_total{why="failed"}',
  ])
    assert.ok(body.split("\n").includes(`${series} 0`), series);
});

test("two sets of metrics live side by side", async () => {
  const [one, two] = [createMetrics("test_"), createMetrics("test_")];
  one.eventDropped("rate");
  assert.match((await two.render()).body, /why="rate"} 0$/m);
});
