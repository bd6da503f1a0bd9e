import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { locateTool } from "../../scripts/tools.ts";
import { createKubectl, type Kubectl } from "../support/kubectl.ts";
import { overlay } from "../support/kustomize.ts";
import { aRun } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import packageInfo from "../../package.json" with { type: "json" };

const kubeconfig = process.env["TEST_KUBECONFIG"] ?? "";
/** A command of that cluster's that restarts the component which it is given, and the components. */
const restart = process.env["TEST_RESTART"] ?? "";
const COMPONENTS = (process.env["TEST_COMPONENTS"] ?? "").split(" ").filter(Boolean);

const OPERATOR = "agent-operator-system";
const GIT_IMAGE = `agent-operator-git:${packageInfo.version}`;
const SERVE =
  "git init -q -b main /tmp/org/repo && cd /tmp/org/repo && git -c user.name=T -c user.email=t@example.com " +
  "commit -q --allow-empty -m one && exec git daemon --export-all --base-path=/tmp --listen=0.0.0.0";
const WARNING = "Warning: the run will wait: AgentProvider nowhere does not exist yet";

/** The operator from its images, as the guide installs it. Needs a cluster that has the images. */
describe(
  "on the cluster of TEST_KUBECONFIG",
  { concurrency: false, timeout: 1_500_000, skip: kubeconfig === "" && "TEST_KUBECONFIG names no cluster" },
  () => {
    const namespace = `test-${randomBytes(4).toString("hex")}`;
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    let kubectl: Kubectl;
    let program: string;

    before(
      async () => {
        program = await locateTool("kubectl");
        kubectl = await createKubectl(kubeconfig, namespace);
        for (const part of ["crd", "default"])
          await runOk(program, ["apply", "-k", join(projectRoot, "config", part)], { env });
        await operatorReady();
        await runOk(program, ["create", "namespace", namespace], { env });
        await kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
        await kubectl.apply(JSON.stringify(gitServer()));
        await kubectl("wait", "--for=condition=Ready", "--timeout=90s", "pod/git");
      },
      { timeout: 300_000 },
    );
    after(() => kubectl("delete", "namespace", namespace, "--wait=false"), { timeout: 60_000 });

    it("takes a run from a manifest to a result with the images that were built", async () => {
      await start("first", "echo done > work; git add work; git commit -qm Work; echo said");
      assert.equal(await end("first"), "Succeeded");
      const outcome = await kubectl("get", "agentrun", "first", "-o", "jsonpath={.status.outcome}");
      assert.equal(outcome, "Committed");
      assert.match(await kubectl("logs", "job/first", "-c", "agent"), /said/);
      await kubectl("wait", "--for=condition=Complete", "--timeout=30s", "job/first");
    });

    it("keeps the Job and the log of a run that failed", async () => {
      await start("fails", "echo wrong; exit 3");
      assert.equal(await end("fails"), "Failed");
      await sleep(5_000);
      assert.match(await kubectl("logs", "job/fails", "-c", "agent"), /wrong/);
    });

    it("shows the webhooks' warnings to kubectl's user", async () => {
      await runOk(program, ["apply", "-f", "-"], { env, input: await overlay(["webhooks"]) });
      await operatorReady();
      const input = JSON.stringify(
        aRun("waits", "https://git.example.com/org/repo.git", { providerRef: "nowhere" }),
      );
      const deadline = performance.now() + 60_000;
      for (let said = ""; !said.includes(WARNING); await sleep(500)) {
        assert.ok(performance.now() < deadline, `no warning: ${said}`);
        said = (await kubectl.attempt(["create", "--dry-run=server", "-f", "-"], { input })).stderr;
      }
    });

    it("goes on when every pod of the operator is deleted while a run works", async () => {
      await start("survives", "sleep 10; echo done");
      await runOk(program, ["-n", OPERATOR, "delete", "pods", "--all"], { env, timeoutMs: 90_000 });
      await operatorReady();
      assert.equal(await end("survives"), "Succeeded");
    });

    for (const component of COMPONENTS) {
      it(`goes on when ${component} is restarted while a run works`, async () => {
        await start(`during-${component}`, "sleep 10; echo done");
        await runOk("sh", ["-c", `${restart} "$1"`, "sh", component], { env, timeoutMs: 180_000 });
        await start(`after-${component}`, "echo done");
        assert.equal(await end(`during-${component}`), "Succeeded");
        assert.equal(await end(`after-${component}`), "Succeeded");
      });
    }

    async function operatorReady(): Promise<void> {
      const args = ["rollout", "status", "deployment/agent-operator", "-n", OPERATOR, "--timeout=120s"];
      await runOk(program, args, { env, timeoutMs: 130_000 });
    }

    async function start(name: string, script: string): Promise<void> {
      await kubectl.apply({
        apiVersion: "agent.xonovex.com/v1alpha1",
        kind: "AgentRun",
        metadata: { name },
        spec: {
          agent: "custom",
          image: GIT_IMAGE,
          command: ["sh", "-ec", script],
          prompt: "work",
          repository: { url: `git://git.${namespace}.svc.cluster.local/org/repo` },
        },
      });
    }

    /** The phase in which the run ends. */
    async function end(name: string): Promise<string> {
      const deadline = performance.now() + 180_000;
      for (;;) {
        const { stdout } = await kubectl.attempt(["get", "agentrun", name, "-o", "jsonpath={.status.phase}"]);
        if (["Succeeded", "Failed", "TimedOut"].includes(stdout)) return stdout;
        assert.ok(performance.now() < deadline, `${name} is ${stdout}`);
        await sleep(500);
      }
    }
  },
);

function gitServer(): object {
  const labels = { app: "git" };
  const ports = [{ port: 9418 }];
  const container = {
    name: "git",
    image: GIT_IMAGE,
    command: ["sh", "-ec", SERVE],
    readinessProbe: { tcpSocket: { port: 9418 }, periodSeconds: 1 },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const securityContext = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } };
  const spec = { containers: [container], volumes: [{ name: "tmp", emptyDir: {} }], securityContext };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: "v1", kind: "Pod", metadata: { name: "git", labels }, spec },
      { apiVersion: "v1", kind: "Service", metadata: { name: "git" }, spec: { selector: labels, ports } },
    ],
  };
}
