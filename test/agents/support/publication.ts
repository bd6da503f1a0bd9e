import { join } from "node:path";
import type { ResolvedPublish, ResolvedVerify } from "../../../src/plan/resolved-publish.ts";
import type { ResolvedRun } from "../../../src/plan/resolved-run.ts";
import { CI_DEFINITIONS } from "../../../src/api/fields/publish.ts";
import { buildPublishJob } from "../../../src/plan/specs/publish-job.ts";
import { buildVerifyJob } from "../../../src/plan/specs/verify-job.ts";
import { HANDOVER_DIR, workDir } from "../../../src/plan/specs/paths.ts";
import type { PodSpec } from "../../../src/kube/builtin.ts";
import type { RunningProgram } from "../../support/run.ts";
import { runOk } from "../../support/run.ts";
import {
  createPod,
  giveToPod,
  makeVolumes,
  repository,
  resolvedRun,
  runInTurn,
  startContainer,
} from "./pod.ts";
import type { TestPod, TestPodOptions } from "./pod.ts";

/** What became of a publication. */
export interface Publication {
  code: number | null;
  /** The termination message of the container that ended last. */
  message: string;
  /** All that the containers have said. */
  shown: string;
}

/** A run whose agent has ended, and the containers that publish its work. */
export interface PublishedRun {
  readonly pod: TestPod;
  readonly directory: string;
  /** git in the checkout, as the agent. */
  git(...args: string[]): Promise<string>;
  /** A command in the checkout. */
  sh(script: string): Promise<string>;
  publish(changes?: Partial<ResolvedPublish>): Promise<Publication>;
  /** The container that makes the checkout of a verification. */
  snapshot(changes?: Partial<ResolvedVerify>): Promise<Publication>;
  /** One of these containers alone, without waiting for its end. */
  start(container: "pack" | "push" | "snapshot", changes?: Partial<ResolvedPublish>): Promise<RunningProgram>;
  /** Only the container that has the credential, with what is handed over already. */
  push(changes?: Partial<ResolvedPublish>): Promise<Publication>;
}

/** Clones `url` for a run as its git containers do. */
export async function createPublishedRun(
  directory: string,
  url: string,
  options: TestPodOptions & { run?: Partial<ResolvedRun> } = {},
): Promise<PublishedRun> {
  const run = resolvedRun({ repository: repository(url, { branch: "main" }), ...options.run });
  const pod = await createPod(directory, run, options);
  const { code, stderr } = await pod.clone();
  if (code !== 0) throw new Error(`the clone failed: ${stderr}`);
  const work = pod.at(workDir(run, run.worktree));
  const sh = async (script: string): Promise<string> => {
    const env = {
      ...process.env,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_COUNT: "3",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_CONFIG_KEY_1: "user.name",
      GIT_CONFIG_VALUE_1: "Agent",
      GIT_CONFIG_KEY_2: "user.email",
      GIT_CONFIG_VALUE_2: "agent@example.com",
    };
    const output = await runOk("sh", ["-euc", script], { cwd: work, env });
    await giveToPod(pod.at("/workspace"));
    await giveToPod(pod.at("/workspace-wt"));
    return output.trim();
  };
  const jobOf = (changes: Partial<ResolvedPublish>): PodSpec =>
    buildPublishJob({
      run,
      repository: { ...repository(url), credentials: { name: "push", key: "token" } },
      worktree: run.worktree,
      branch: `agent/${run.name}`,
      isNamed: false,
      base: "main",
      protectedPaths: CI_DEFINITIONS,
      published: [],
      operatorImage: "operator:1",
      env: [],
      gitImage: "git",
      gitResources: {},
      ...changes,
    }).spec.template.spec;
  const steps = async (changes: Partial<ResolvedPublish>, from: number): Promise<Publication> => {
    const spec = jobOf(changes);
    await makeVolumes(directory, spec, options);
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const { code: ended, stdout, stderr: said } = await runInTurn(directory, containers.slice(from), options);
    return { code: ended, message: await pod.message(), shown: stdout + said };
  };
  const judged = (changes: Partial<ResolvedVerify> = {}): PodSpec => {
    const verify = {
      run,
      step: "verify",
      attempt: "1",
      command: ["true"],
      image: "agent",
      timeoutSeconds: 60,
    } as const;
    const more = { env: [], network: [], gitImage: "git", gitResources: {}, worktree: run.worktree };
    return buildVerifyJob({ ...verify, ...more, ...changes }).spec.template.spec;
  };
  const snapshot = async (changes: Partial<ResolvedVerify> = {}): Promise<Publication> => {
    const spec = judged(changes);
    const containers = spec.initContainers ?? [];
    await makeVolumes(directory, { ...spec, initContainers: [], containers }, options);
    const { code: ended, stdout, stderr: said } = await runInTurn(directory, containers, options);
    return { code: ended, message: await pod.message(), shown: stdout + said };
  };
  return {
    pod,
    snapshot,
    directory,
    sh,
    git: (...args) => sh(`git ${args.map((word) => `'${word}'`).join(" ")}`),
    publish: (changes = {}) => steps(changes, 0),
    push: (changes = {}) => steps(changes, 1),
    start: async (which, changes = {}) => {
      const spec = which === "snapshot" ? judged() : jobOf(changes);
      const containers = [...(spec.initContainers ?? []), ...spec.containers];
      const container = containers.find(({ name }) => name === which);
      if (container === undefined) throw new Error(`the Job has no container ${which}`);
      if (which !== "push")
        await makeVolumes(directory, { ...spec, initContainers: [], containers: [container] }, options);
      return startContainer(directory, container, options);
    },
  };
}

/** Where the bundle is handed over, in a run's directory. */
export function handedOver(directory: string): string {
  return join(directory, HANDOVER_DIR, "bundle");
}
