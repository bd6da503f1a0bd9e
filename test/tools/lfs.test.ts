import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createPod, repository, resolvedRun, type TestPod } from "../agents/support/pod.ts";
import { createWorkspace } from "../agents/support/workspace.ts";
import { requireTool } from "../support/debian.ts";
import { startGitHttpServer, type GitHttpServer } from "../support/git-http-server.ts";
import { createGitRepository, type GitRepository } from "../support/git-repository.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const TOKEN = "tok3n-of-the-remote";
const credentials = { name: "git", key: "token" };
const values = { "git/token": TOKEN };

/** A server of Git LFS: the batch API, and the objects below it. */
function lfsServer(objects: ReadonlyMap<string, Buffer>, asked: string[]) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const [, object] = /^\/objects\/([0-9a-f]{64})$/.exec(request.url ?? "") ?? [];
    const isBatch = request.url === "/origin.git/info/lfs/objects/batch";
    if (object !== undefined) response.end(objects.get(object));
    if (isBatch) {
      asked.push(request.url ?? "");
      void answerBatch(objects, request, response);
    }
    return isBatch || object !== undefined;
  };
}

async function answerBatch(
  stored: ReadonlyMap<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { objects: wanted } = (await json(request)) as { objects: { oid: string; size: number }[] };
  const { authorization = "", host } = request.headers;
  const download = (oid: string) => ({ href: `http://${host}/objects/${oid}`, header: { authorization } });
  const objects = wanted.map((one) =>
    stored.has(one.oid)
      ? { ...one, actions: { download: download(one.oid) } }
      : { ...one, error: { code: 404, message: "gone" } },
  );
  response.setHeader("content-type", "application/vnd.git-lfs+json");
  response.end(JSON.stringify({ transfer: "basic", objects }));
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const objectPath = (directory: string, content: Buffer): string => {
  const name = sha256(content);
  return `${directory}/${name.slice(0, 2)}/${name.slice(2, 4)}/${name}`;
};
const pointerOf = (content: Buffer): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${content.length}\n`;

describe("files of Git LFS", { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  const asked: string[] = [];
  const first = Buffer.from("PNG\0first\n".repeat(5000));
  const second = Buffer.from("PNG\0second\n".repeat(4000));
  const lost = Buffer.from("nobody has this");
  const objects = new Map([first, second].map((content) => [sha256(content), content]));
  let origin: GitRepository;
  let server: GitHttpServer;
  let open: GitHttpServer;
  let place: string;

  before(async () => {
    await requireTool("git-lfs", "git-lfs");
    const directory = stack.use(await temporaryDirectory());
    place = directory.path;
    const root = join(place, "remote");
    origin = await createGitRepository(join(root, "origin.git"), {
      ".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n",
      // What a repository's authors want git-lfs to do.
      ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/elsewhere\n\tfetchexclude = *\n",
      "logo.png": pointerOf(first),
      "lost.png": pointerOf(lost),
      "README.md": "text\n",
    });
    const beside = lfsServer(objects, asked);
    server = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN, beside });
    open = await startGitHttpServer({ root, beside });
    stack.defer(() => server.close());
    stack.defer(() => open.close());
  });
  after(() => stack.disposeAsync());

  /** As in an image without git-lfs, whose package names itself in the system's configuration. */
  const WITHOUT = { ...process.env, GIT_CONFIG_NOSYSTEM: "1" };
  const WITH = { ...process.env, GIT_TERMINAL_PROMPT: "0" };
  const gitWith =
    (env: NodeJS.ProcessEnv) =>
    async (pod: TestPod, path: string, ...args: string[]) =>
      (await runOk("git", ["-c", "safe.directory=*", "-C", pod.at(path), ...args], { env })).trimEnd();
  const git = gitWith(WITHOUT);

  /** What agents may do with a checkout. */
  async function assertUsable(pod: TestPod, path: string, shown: string): Promise<void> {
    assert.equal(await pod.read(`${path}/logo.png`), first.toString());
    assert.equal(await pod.read(`${path}/lost.png`), pointerOf(lost));
    assert.match(shown, /files of Git LFS stay pointers: .*(gone|404)/s);
    await runOk("rm", [pod.at(`${path}/logo.png`)]);
    await git(pod, path, "checkout", "--", "logo.png");
    assert.equal(await pod.read(`${path}/logo.png`), first.toString());
    for (const env of [WITHOUT, WITH]) {
      await runOk("touch", [pod.at(`${path}/logo.png`), pod.at(`${path}/lost.png`)]);
      assert.equal(await gitWith(env)(pod, path, "status", "--porcelain"), "");
    }
  }

  for (const inWorktree of [false, true])
    it(`come with the credential into the store, and from there into the checkout${inWorktree ? " of a worktree" : ""}`, async () => {
      const url = `${server.url}/origin.git`;
      const worktree = inWorktree ? { worktree: { branch: "agent/work" } } : {};
      const run = resolvedRun({ repository: repository(url, { credentials }), ...worktree });
      const pod = await createPod(join(place, `private-${inWorktree}`), run, { values });
      const path = inWorktree ? "/workspace-wt/fix-bug" : "/workspace";
      const { code, stderr } = await pod.clone();
      assert.equal(code, 0, stderr);
      await assertUsable(pod, path, stderr);
      assert.ok(!stderr.includes(TOKEN));
      await pod.read(objectPath("/workspace-store/repository.git/lfs/objects", first));
    });

  it("that an agent writes are committed as pointers, and kept for a push", async () => {
    const pod = await createPod(
      join(place, "changed"),
      resolvedRun({ repository: repository(`${open.url}/origin.git`) }),
    );
    assert.equal((await pod.clone()).code, 0);
    await assertUsable(pod, "/workspace", "files of Git LFS stay pointers: gone");
    const script = `export GIT_CONFIG_NOSYSTEM=1; cd "$0" && printf '%s' "$1" >new.png && printf x >>README.md && git -c safe.directory='*' add -A && git -c safe.directory='*' -c user.name=a -c user.email=a@b commit -qm new`;
    await runOk("sh", ["-c", script, pod.at("/workspace"), "a new picture"]);
    const content = Buffer.from("a new picture");
    assert.equal(
      await git(pod, "/workspace", "cat-file", "-p", "HEAD:new.png"),
      pointerOf(content).trimEnd(),
    );
    assert.equal(await pod.read(objectPath("/workspace/.git/lfs/objects", content)), "a new picture");
  });

  it("are in a workspace and in the worktrees of its runs, also of newer commits", async () => {
    const workspace = await createWorkspace(
      join(place, "workspace"),
      repository(`${server.url}/origin.git`, { credentials }),
      values,
    );
    const { code, stderr } = await workspace.initialize();
    assert.equal(code, 0, stderr);
    const pod = await workspace.podOf("one", { branch: "agent/one" });
    const made = await pod.clone();
    assert.equal(made.code, 0, made.stderr);
    await assertUsable(pod, "/workspace", stderr);
    assert.equal(await pod.read("/workspace-wt/one/logo.png"), first.toString());
    assert.equal(await git(pod, "/workspace-wt/one", "status", "--porcelain"), "");
    // What an agent leaves where a file is looked for, and nobody has it: a pipe, and a link out of the checkout.
    const trap = pod.at(objectPath("/workspace/.git/lfs/objects", lost));
    await runOk("sh", [
      "-c",
      'mkdir -p "${0%/*}" && mkfifo "$0" && chown -R 1000:1000 "$1" || :',
      trap,
      pod.at("/workspace/.git/lfs"),
    ]);
    await origin.commit({ "logo.png": pointerOf(second) }, "Another logo");
    const later = await workspace.podOf("two", { branch: "agent/two" });
    const again = await later.clone();
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await later.read("/workspace-wt/two/logo.png"), second.toString());
    assert.equal(await later.read("/workspace-wt/two/lost.png"), pointerOf(lost));
    await runOk("sh", ["-c", 'rm "$0" && ln -s /etc/passwd "$0"', trap]);
    const third = await workspace.podOf("three", { branch: "agent/three" });
    assert.equal((await third.clone()).code, 0);
    assert.equal(await third.read("/workspace-wt/three/lost.png"), pointerOf(lost));
    assert.ok(asked.length >= 2);
  });
});
