import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { pods } from "../../src/kube/builtin.ts";
import type { Pod } from "../../src/kube/builtin.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

const namespace = "default";
const REMOTE = "https://git.example.com/org/repo.git";
const SCRIPT = `
set -eu
git clone -q ${REMOTE} "$WORKSPACE_DIR/clone"
[ "$(git -C "$WORKSPACE_DIR/clone" remote get-url origin)" != "" ]
echo mine > "$HOME/file"
[ "$(id -u)" = "$EXPECTED_UID" ]
pwd
echo told > "$MESSAGE_FILE"`;

function aPod(uid: number): Pod {
  return {
    metadata: { name: "p", namespace },
    spec: {
      restartPolicy: "Never",
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true },
      containers: [
        {
          name: "c",
          image: "x",
          workingDir: "/workspace-wt/run",
          command: ["sh", "-c", SCRIPT.replaceAll("$", "$$$$")],
          env: [
            { name: "HOME", value: "/home/agent" },
            { name: "WORKSPACE_DIR", value: "/workspace" },
            { name: "EXPECTED_UID", value: String(uid) },
            { name: "MESSAGE_FILE", value: "/dev/termination-log" },
          ],
          volumeMounts: [
            { name: "work", mountPath: "/workspace", subPath: "repo" },
            { name: "work", mountPath: "/workspace-wt", subPath: "worktrees" },
            { name: "home", mountPath: "/home/agent" },
          ],
        },
      ],
      volumes: [
        { name: "work", emptyDir: {} },
        { name: "home", emptyDir: {} },
      ],
    },
  };
}

for (const sandbox of ["root", "user-namespace", "bubblewrap", "none"] as const) {
  test(`${sandbox}: a git mirror answers for its remote, roots come from mounts, the user is the pod's where there is a choice`, async (t) => {
    const own = process.getuid?.() ?? 0;
    const uid = sandbox === "none" && own !== 0 ? own : 1000;
    await using directory = await temporaryDirectory();
    const repository = await createGitRepository(join(directory.path, "repository"));
    const options = { sandbox, gitMirrors: { [REMOTE]: repository.path }, stopGraceSeconds: 0 };
    const cluster = await startDevCluster({ ...options, dataDir: join(directory.path, "data") }).catch(
      (error: Error) => {
        if (!error.message.includes("cannot be isolated in this way")) throw error;
        t.skip(error.message);
      },
    );
    if (cluster === undefined) return;
    try {
      const client = createClient(cluster.transport);
      await client.create(pods, aPod(uid));
      const over = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
      const { status } = await waitFor(client, pods, { namespace, name: "p" }, over, 15_000);
      const said = await client.getText(`/api/v1/namespaces/${namespace}/pods/p/log`);
      assert.equal(status?.phase, "Succeeded", said);
      assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.message, "told\n");
      assert.match(said, sandbox === "none" ? /\/worktrees\/run\n$/ : /^\/workspace-wt\/run\n$/);
    } finally {
      await cluster.stop();
    }
  });
}

const IMAGE = "example.com/tools:1.0";

/** Two containers that run the same script of an image; the second one's image does not hold it. */
function podOfImages(): Pod {
  const container = (name: string, image: string) => ({
    name,
    image,
    command: ["/tools/greet.sh"],
    env: [{ name: "TOOLS", value: "/tools" }],
  });
  return {
    metadata: { name: "images", namespace },
    spec: {
      restartPolicy: "Never",
      securityContext: { runAsUser: 1000, runAsGroup: 1000 },
      containers: [container("with", IMAGE), container("without", "example.com/other:1.0")],
    },
  };
}

const GREET = `#!/bin/sh
cat "$(dirname "$0")/words/hello"
cat "$TOOLS/words/hello"
(: > "$TOOLS/words/own") 2>/dev/null && echo written
exit 0
`;

for (const sandbox of ["root", "user-namespace", "bubblewrap", "none"] as const) {
  for (const image of [IMAGE, /^example\.com\/tools:/]) {
    test(`${sandbox}: containers of ${image} see the folder that stands for its files, others do not`, async (t) => {
      await using directory = await temporaryDirectory();
      chmodSync(directory.path, 0o755);
      const folder = join(directory.path, "tools");
      mkdirSync(join(folder, "words"), { recursive: true });
      writeFileSync(join(folder, "words/hello"), "hello\n");
      writeFileSync(join(folder, "greet.sh"), GREET, { mode: 0o755 });
      const options = { sandbox, imageFiles: [{ image, path: "/tools", folder }], stopGraceSeconds: 0 };
      const cluster = await startDevCluster({ ...options, dataDir: join(directory.path, "data") }).catch(
        (error: Error) => {
          if (!error.message.includes("cannot be isolated in this way")) throw error;
          t.skip(error.message);
        },
      );
      if (cluster === undefined) return;
      try {
        const client = createClient(cluster.transport);
        await client.create(pods, podOfImages());
        const over = ({ status }: Pod): boolean =>
          status?.phase === "Failed" || status?.phase === "Succeeded";
        const { status } = await waitFor(client, pods, { namespace, name: "images" }, over, 15_000);
        const said = await client.getText(`/api/v1/namespaces/${namespace}/pods/images/log?container=with`);
        const ends = status?.containerStatuses?.map(({ state }) => state?.terminated);
        // As an ordinary process of the folder's owner, nothing keeps a container from writing there.
        const isOwner = sandbox === "none" && process.getuid?.() !== 0;
        assert.equal(said, `hello\nhello\n${isOwner ? "written\n" : ""}`);
        if (!isOwner) assert.deepEqual(readdirSync(join(folder, "words")), ["hello"]);
        assert.deepEqual(
          ends?.map((end) => end?.reason),
          ["Completed", "StartError"],
        );
      } finally {
        await cluster.stop();
      }
    });
  }
}

test("the folder of an image that does not exist is an error at the start", async () => {
  await using directory = await temporaryDirectory();
  const imageFiles = [{ image: IMAGE, path: "/tools", folder: join(directory.path, "none") }];
  const start = startDevCluster({ imageFiles, dataDir: join(directory.path, "data") });
  await assert.rejects(start, /the files of image example.com\/tools:1.0 are not there/);
});
