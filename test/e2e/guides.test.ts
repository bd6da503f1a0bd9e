import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { isObject } from "../../src/kube/json.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { blocksOf, commandsOf, type Block } from "../support/documentation.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { AFTER, ENDLESS, GUIDES, NOT_RUN, type Guide } from "../support/guides.ts";
import { locateTool } from "../../scripts/tools.ts";
import { bundledTools } from "../support/operator-pod.ts";
import { projectRoot, readProjectFiles } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { run, runOk, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const REPOSITORY = "https://github.com/org/repo.git";
const COMMAND_LIMIT_MS = 60_000;

/** Where the reader of a page sits: a directory with a checkout's files, a shell, a cluster. */
interface Desk {
  directory: string;
  env: NodeJS.ProcessEnv;
  /** Objects of the page that its next commands take from a file. */
  files: Map<string, object[]>;
}

const used = new Set<string>();

/** Every block of every page is followed as it is written, in order; what is left out is in NOT_RUN. */
describe("a reader who follows", { concurrency: false, timeout: 600_000 }, () => {
  after(() => {
    const known = [...Object.keys(NOT_RUN), ...Object.keys(ENDLESS), ...Object.keys(AFTER)];
    assert.deepEqual(
      known.filter((line) => !used.has(line)),
      [],
      "exceptions that no page needs",
    );
  });

  it("finds every page with blocks here", () => {
    // A block without a language is output, or a part of somebody's own file.
    const hasBlocks = (text: string): boolean => blocksOf(text).some(({ language }) => language !== "");
    const pages = readProjectFiles(["docs/guide"], ".md").filter(({ text }) => hasBlocks(text));
    const followed = GUIDES.map(({ path }) => path);
    assert.deepEqual(
      pages.map(({ path }) => path).filter((path) => !followed.includes(path)),
      [],
    );
  });

  for (const guide of GUIDES) {
    it(`${guide.path} gets what it promises`, { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      const desk = await sitDown(guide, stack);
      for (const command of guide.given ?? []) await type(command, desk);
      const [page] = readProjectFiles([dirname(guide.path)], guide.path.split("/").at(-1) ?? "").filter(
        ({ path }) => path === guide.path,
      );
      for (const block of blocksOf(page?.text ?? "")) await follow(block, guide, desk);
    });
  }
});

async function sitDown(guide: Guide, stack: AsyncDisposableStack): Promise<Desk> {
  const { path } = stack.use(await temporaryDirectory());
  const repository = await createGitRepository(join(path, "repository"));
  await repository.git("branch", "feature/auth");
  const tools = await bundledTools(join(path, "tools"));
  await symlink(await locateTool("kubectl"), join(path, "tools", "kubectl"));
  const node = {
    dataDir: join(path, "cluster"),
    toolDirectories: [await quickAgentTools(join(path, "agent"))],
    gitMirrors: { [REPOSITORY]: repository.path },
    hosts: { "litellm-proxy": "127.0.0.1" },
  };
  const searched = [...tools, process.env["PATH"] ?? ""].join(delimiter);
  const kubeconfig = guide.operator
    ? stack.use(
        await startLocalCluster({
          ...node,
          packageRoot: projectRoot,
          path: process.env["PATH"] ?? "",
          operator: { logFile: join(path, "operator.log") },
        }),
      ).kubeconfigPath
    : await empty(node, stack);
  const directory = join(path, "desk");
  // What the reader calls his own repository; its remote is answered from the one here.
  await runOk("git", ["clone", "--quiet", repository.path, directory]);
  await runOk("git", ["-C", directory, "remote", "set-url", "origin", REPOSITORY]);
  for (const name of ["config", "charts", "package.json", "src", "node_modules", "skills"])
    await symlink(join(projectRoot, name), join(directory, name));
  await symlink(projectRoot, join(path, "agent-operator"));
  return { directory, env: { ...process.env, PATH: searched, KUBECONFIG: kubeconfig }, files: new Map() };
}

async function empty(
  options: Parameters<typeof startDevCluster>[0],
  stack: AsyncDisposableStack,
): Promise<string> {
  const cluster = await startDevCluster(options);
  stack.defer(() => cluster.stop());
  return cluster.kubeconfigPath;
}

async function follow({ language, text }: Block, guide: Guide, desk: Desk): Promise<void> {
  if (language === "yaml") return takeManifest(text, guide, desk);
  if (["sh", "bash"].includes(language)) {
    for (const command of commandsOf(text)) await type(command, desk);
    return;
  }
  if (language === "dockerfile") assert.ok(isLeftOut(text), text);
  // What is left is output, a drawing, or a line that a program prints.
  else assert.ok(["", "mermaid", "json"].includes(language), `a block of ${language}`);
}

function isLeftOut(command: string): boolean {
  const line = Object.keys(NOT_RUN).find((begin) => command.startsWith(begin));
  if (line !== undefined) used.add(line);
  return line !== undefined;
}

async function type(command: string, desk: Desk): Promise<void> {
  if (isLeftOut(command)) return;
  const before = AFTER[command];
  if (before !== undefined) {
    used.add(command);
    await type(before, desk);
  }
  const options = { cwd: desk.directory, env: desk.env, timeoutMs: COMMAND_LIMIT_MS };
  const enough = ENDLESS[command];
  if (enough !== undefined) {
    used.add(command);
    await using watching = start("sh", ["-c", `exec ${command}`], options);
    await watching.waitForOutput(enough);
    return;
  }
  const { code, stdout, stderr } = await run("sh", ["-c", command], options);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
}

/** Applies what is whole; of what is a part of an object the API server says whether it could be in one. */
async function takeManifest(text: string, guide: Guide, desk: Desk): Promise<void> {
  const objects = parseAllDocuments(text).map((document): unknown => document.toJS());
  for (const object of objects) {
    if (Array.isArray(object)) await applied(roleOf(object), desk);
    else if (!isObject(object)) assert.fail(text);
    else if (object["kind"] === "Kustomization") await kustomized(object, desk);
    else if (object["apiVersion"] === undefined)
      await applied(completed(object, guide), desk, "--dry-run=server");
    else await keepOrApply(object, guide, desk);
  }
}

async function keepOrApply(object: object, guide: Guide, desk: Desk): Promise<void> {
  const { metadata } = object as { metadata: { name: string } };
  const file = guide.files?.[metadata.name];
  if (file === undefined) return applied(object, desk);
  const content = [...(desk.files.get(file) ?? []), object];
  desk.files.set(file, content);
  await writeFile(join(desk.directory, file), content.map((each) => stringify(each)).join("---\n"));
}

async function applied(object: object, { directory, env }: Desk, ...args: string[]): Promise<void> {
  const input = JSON.stringify(object);
  await runOk("kubectl", ["apply", "-f", "-", ...args], { cwd: directory, env, input });
}

/** In a directory of its own beside the checkout, as the guide says. */
async function kustomized(kustomization: object, desk: Desk): Promise<void> {
  const beside = join(desk.directory, "..", "ours");
  await mkdir(beside);
  await writeFile(join(beside, "kustomization.yaml"), stringify(kustomization));
  await runOk("kubectl", ["apply", "-k", beside], { env: desk.env });
}

function roleOf(rules: unknown[]): object {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  return { apiVersion, kind: "ClusterRole", metadata: { name: "of-the-page" }, rules };
}

function completed(part: Readonly<Record<string, unknown>>, guide: Guide): object {
  const own = isObject(part["spec"]) ? part["spec"] : {};
  const kind = Object.keys(own).flatMap((key) => guide.partsOf?.[key] ?? [])[0] ?? "AgentRun";
  const work = { agent: "claude", providerRef: "gemini-provider", prompt: "work" };
  const isOnWorkspace = own["workspaceRef"] !== undefined || guide.path.endsWith("workspaces.md");
  const place = isOnWorkspace && own["repository"] === undefined;
  const apiVersion = "agent.xonovex.com/v1alpha1";
  const metadata = { name: "of-the-page" };
  if (kind === "AgentTrigger") {
    const webhook = { source: "GitHub", secretRef: { name: "github-hook", key: "secret" } };
    const credential = { secretRef: { name: "github-push", key: "token" } };
    const runTemplate = { spec: { ...work, repository: { url: REPOSITORY } } };
    return { apiVersion, kind, metadata, spec: { webhook, credential, runTemplate, ...own } };
  }
  const rest =
    kind === "AgentWorkspace"
      ? { repository: { url: REPOSITORY } }
      : own["continueFrom"] !== undefined
        ? { providerRef: work.providerRef }
        : { ...work, ...(place ? { workspaceRef: "my-workspace" } : { repository: { url: REPOSITORY } }) };
  return { apiVersion, kind, metadata, spec: { ...rest, ...own } };
}
