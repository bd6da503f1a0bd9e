import assert from "node:assert/strict";
import { freePort } from "../support/free-port.ts";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createPod, repository, resolvedRun, type TestPod } from "../agents/support/pod.ts";
import { createPublishedRun, type Publication } from "../agents/support/publication.ts";
import { createWorkspace } from "../agents/support/workspace.ts";
import { createGitRepository, type GitRepository } from "../support/git-repository.ts";
import { run, runOk, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SSHD = "/usr/sbin/sshd";
const credentials = { name: "git", key: "key" };

/** A new key of a type; resolves to the path of its private half. */
async function makeKey(directory: string, name: string, type: string, passphrase = ""): Promise<string> {
  const path = join(directory, name);
  const format = name.startsWith("pem") ? ["-m", "PEM"] : [];
  await runOk("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "of a test", ...format, "-f", path]);
  return path;
}

describe("git over ssh, with a real sshd", { timeout: 240_000 }, () => {
  const stack = new AsyncDisposableStack();
  let directory: string;
  let origin: GitRepository;
  let port: number;
  let number = 0;
  const keyFile = (name: string): string => join(directory, name);

  before(async () => {
    if ((await run("test", ["-x", SSHD])).code !== 0)
      throw new Error("sshd is missing: apt-get install --no-install-recommends openssh-server");
    directory = stack.use(await temporaryDirectory()).path;
    await chmod(directory, 0o755);
    origin = await createGitRepository(join(directory, "origin"), { "README.md": "by ssh\n" });
    await makeKey(directory, "host", "ed25519");
    await makeKey(directory, "host-new", "ed25519");
    const keys = [
      await makeKey(directory, "key", "ed25519"),
      await makeKey(directory, "pem-key", "rsa"),
      await makeKey(directory, "locked", "ed25519", "a passphrase"),
      await makeKey(directory, "pem-locked", "rsa", "a passphrase"),
    ];
    await makeKey(directory, "stranger", "ed25519");
    const authorized = await Promise.all(keys.map((key) => readFile(`${key}.pub`, "utf8")));
    await writeFile(keyFile("authorized"), authorized.join(""), { mode: 0o644 });
    port = await freePort();
  });
  after(() => stack.disposeAsync());

  /** sshd with that host key, until the stack ends. */
  async function serve(hostKey: string, until: AsyncDisposableStack): Promise<void> {
    if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    await copyFile(keyFile(hostKey), keyFile("host-in-use"));
    await chmod(keyFile("host-in-use"), 0o600);
    const config = keyFile("sshd_config");
    const lines = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${keyFile("host-in-use")}`,
      `AuthorizedKeysFile ${keyFile("authorized")}`,
      `PidFile none`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
    ];
    await writeFile(config, `${lines.join("\n")}\n`);
    const server = until.use(start(SSHD, ["-D", "-e", "-f", config], { timeoutMs: 240_000 }));
    const deadline = Date.now() + 20_000;
    while (!server.output.stderr.includes("Server listening")) {
      if (Date.now() > deadline) throw new Error(server.output.stderr);
      await Promise.race([server.ended, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
  }

  const url = (): string => `ssh://${userInfo().username}@127.0.0.1:${port}${origin.path}`;

  async function podWith(key: string, knownHosts?: string): Promise<TestPod> {
    const values: Record<string, string> = { "git/key": await readFile(keyFile(key), "utf8") };
    if (knownHosts !== undefined) values["git/known_hosts"] = knownHosts;
    const wanted = resolvedRun({ repository: repository(url(), { credentials }) });
    return createPod(join(directory, `pod-${(number += 1)}`), wanted, { values });
  }

  /** What was said and left holds no line of the key. */
  async function assertUnseen(key: string, shown: string): Promise<void> {
    const lines = (await readFile(keyFile(key), "utf8"))
      .split("\n")
      .filter((line) => /^[\w+/=]{16,}$/.test(line));
    assert.ok(lines.length > 1);
    for (const line of lines) assert.ok(!shown.includes(line));
  }

  const hostLine = async (hostKey: string): Promise<string> => {
    const [type = "", key = ""] = (await readFile(`${keyFile(hostKey)}.pub`, "utf8")).split(" ");
    return `[127.0.0.1]:${port} ${type} ${key}\n`;
  };

  for (const key of ["key", "pem-key"])
    it(`fetches with ${key}, and keeps the host's key where no agent writes`, async () => {
      await using until = new AsyncDisposableStack();
      await serve("host", until);
      const pod = await podWith(key);
      const { code, stdout, stderr } = await pod.clone();
      assert.equal(code, 0, stderr);
      assert.equal(await pod.read("/workspace/README.md"), "by ssh\n");
      await assertUnseen(key, stdout + stderr);
      const [, , known = ""] = (await hostLine("host")).trim().split(" ");
      assert.ok((await pod.read("/workspace-store/known_hosts")).includes(known));
      assert.equal(
        (await run("grep", ["-rlF", "PRIVATE KEY", pod.at("/workspace"), pod.at("/workspace-store")])).stdout,
        "",
      );
    });

  it("pushes with the key of publish, to the host that its Secret names and no other", async () => {
    await using until = new AsyncDisposableStack();
    await serve("host", until);
    const key = await readFile(keyFile("key"), "utf8");
    const pushed = async (known: string): Promise<[published: Publication, branch: string]> => {
      const branch = `pushed-${(number += 1)}`;
      const values = { "git/key": key, "push/token": key, "push/known_hosts": await hostLine(known) };
      const published = await createPublishedRun(join(directory, branch), url(), {
        values,
        run: { repository: repository(url(), { credentials }) },
      });
      await published.sh("git commit -q --allow-empty -m More");
      return [await published.publish({ branch }), branch];
    };
    const [good, branch] = await pushed("host");
    assert.equal(good.code, 0, good.shown);
    assert.equal(await origin.has(`refs/heads/${branch}`), true);
    await assertUnseen("key", good.shown);
    const [bad, other] = await pushed("host-new");
    assert.match(bad.message, /Host key verification failed/);
    assert.equal(await origin.has(`refs/heads/${other}`), false);
  });

  it("refuses a host whose key has changed since the workspace was made", async () => {
    await using until = new AsyncDisposableStack();
    const values = { "git/key": await readFile(keyFile("key"), "utf8") };
    const workspace = await createWorkspace(
      join(directory, "ws"),
      repository(url(), { credentials }),
      values,
    );
    {
      await using first = new AsyncDisposableStack();
      await serve("host", first);
      const made = await workspace.initialize();
      assert.equal(made.code, 0, made.stderr);
    }
    await serve("host-new", until);
    const pod = await workspace.podOf("one", { branch: "agent/one" });
    const { stderr, code } = await pod.clone();
    // The workspace has the commit, so the run goes on with it and says why.
    assert.equal(code, 0, stderr);
    assert.match(
      await pod.message(),
      /"fetched":false,"message":"the remote could not be asked: .*Host key verification failed/,
    );
    await assertUnseen("key", stderr + (await pod.message()));
  });

  it("obeys the Secret's known_hosts", async () => {
    await using until = new AsyncDisposableStack();
    await serve("host", until);
    const right = await (await podWith("key", await hostLine("host"))).clone();
    assert.equal(right.code, 0, right.stderr);
    const wrong = await podWith("key", await hostLine("host-new"));
    assert.equal((await wrong.clone()).code, 64);
    assert.match(await wrong.message(), /Host key verification failed/);
    const other = await podWith("key", "git.example.com ssh-ed25519 AAAA\n");
    assert.equal((await other.clone()).code, 64);
    assert.match(await other.message(), /Host key verification failed/);
  });

  it("says that a key is not known to the host", async () => {
    await using until = new AsyncDisposableStack();
    await serve("host", until);
    const pod = await podWith("stranger");
    const { code, stderr } = await pod.clone();
    assert.equal(code, 64);
    assert.match(await pod.message(), /Permission denied \(publickey\)/);
    await assertUnseen("stranger", stderr + (await pod.message()));
  });

  for (const key of ["locked", "pem-locked"])
    it(`refuses ${key}, a key with a passphrase, before the host is asked`, async () => {
      const pod = await podWith(key);
      const { code, stderr } = await pod.clone();
      assert.equal(code, 64);
      assert.match(
        await pod.message(),
        /is an SSH key with a passphrase, which nobody is there to enter: store a key without one/,
      );
      await assertUnseen(key, stderr + (await pod.message()));
    });
});
