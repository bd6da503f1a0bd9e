import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerStatus, Pod } from "../../kube/builtin.ts";
import { deadServices, serviceProblem } from "./services.ts";

const at = (seconds: number): string =>
  new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000).toISOString();
const NOW = Date.parse(at(100));

function status(name: string, more: Partial<ContainerStatus>): ContainerStatus {
  return { name, ready: false, restartCount: 0, image: "i", imageID: "", ...more };
}

function podWith(services: ContainerStatus[], agent: ContainerStatus["state"] = { waiting: {} }): Pod {
  const git = status("git-clone", { state: { terminated: { exitCode: 0, finishedAt: at(10) } } });
  return {
    metadata: { name: "p", creationTimestamp: at(0) },
    spec: { containers: [] },
    status: {
      startTime: at(1),
      initContainerStatuses: [git, ...services],
      containerStatuses: [status("agent", { state: agent })],
    },
  };
}

const running = { running: { startedAt: at(11) } };
const ended = (exitCode: number, second: number, message = "") => ({
  terminated: { exitCode, finishedAt: at(second), message },
});
const ready = status("service-cache", { started: true, state: running });

describe("a service that is not ready", () => {
  const said = (services: ContainerStatus[], agent?: ContainerStatus["state"]) => {
    const { reason, message, fails } = serviceProblem(podWith(services, agent), NOW) ?? {};
    return reason === undefined ? undefined : [reason, message, fails?.ending.reason, fails?.afterMs];
  };

  it("is named while it takes its time, and fails the run in the end", () => {
    const waiting = status("service-db", { started: false, state: running });
    const [, message, reason, afterMs] = said([ready, waiting]) ?? [];
    assert.deepEqual([message, reason, afterMs], ["service db is not ready yet", "ServiceFailed", 570_000]);
    assert.equal(said([ready]), undefined);
    assert.equal(
      said([ready, status("service-db", { state: { waiting: { reason: "PodInitializing" } } })]),
      undefined,
    );
  });

  it("fails the run when it has ended three times, with its last lines", () => {
    const crash = (restartCount: number, message: string) =>
      status("service-db", {
        started: false,
        restartCount,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: ended(1, 20, message),
      });
    const words = "service db ended with exit code 1 before it was ready; its last lines: no disk";
    assert.deepEqual(said([crash(1, "no disk")]), ["ServiceNotReady", words, "ServiceFailed", 240_000]);
    assert.deepEqual(said([crash(2, "no disk")]), ["ServiceNotReady", words, "ServiceFailed", 0]);
    assert.equal(said([crash(2, "listen EADDRINUSE: 5432")])?.[2], "PortTaken");
    assert.equal(said([crash(2, "no disk")], running), undefined, "the agent is at work");
  });
});

describe("a service that ends while the agent is at work", () => {
  const agent = { terminated: { exitCode: 1, startedAt: at(30), finishedAt: at(60) } };

  it("is named, also if it was started again", () => {
    const dead = status("service-db", { state: { ...running }, lastState: ended(137, 40) });
    assert.equal(
      deadServices(podWith([ready, dead], agent)),
      "; service db ended with exit code 137 while the agent was at work",
    );
    const gone = status("service-db", { state: ended(1, 50) });
    assert.match(deadServices(podWith([gone], agent)), /service db ended with exit code 1/);
  });

  it("is not one that ended before it was ready, or that the node has ended with the pod", () => {
    const early = status("service-db", { state: running, lastState: ended(1, 20) });
    const late = status("service-web", { state: ended(143, 60) });
    assert.equal(deadServices(podWith([early, late], agent)), "");
    assert.equal(deadServices(podWith([status("istio-proxy", { state: ended(1, 50) })], agent)), "");
  });
});
