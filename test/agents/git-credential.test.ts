import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { CONTRACT } from "../../src/plan/specs/scripts.ts";
import { projectRoot } from "../support/project-files.ts";
import { run } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SCRIPT = join(projectRoot, "images/agent/scripts/git-credential.sh");

/** A mounted credential, as the containers see it, and what reads it. */
async function mount(value: string | Uint8Array, origin = "https://git.example.com") {
  const directory = await temporaryDirectory();
  const mounted = join(directory.path, "mounted-secret");
  await mkdir(mounted);
  await writeFile(join(mounted, "credential"), value);
  await writeFile(join(directory.path, "mounted"), mounted);
  await writeFile(join(directory.path, "origin"), origin);
  return {
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    rotate: (next: string) => writeFile(join(mounted, "credential"), next),
    scrub: async (shell: string, message: string): Promise<string> => {
      const script =
        '. "$S/common.sh"; . "$S/git-credentials.sh"; . "$S/git-remote.sh"; scripts=$S; private=$P; scrub';
      const env = { ...process.env, AGENT_CONTRACT: String(CONTRACT), S: dirname(SCRIPT), P: directory.path };
      return (await run(shell, ["-c", script], { input: `${message}\n`, env })).stdout.trimEnd();
    },
    say: async (what: string) => (await run("dash", [SCRIPT, directory.path, what])).stdout,
    /** The user and password that a real git receives for this URL. */
    fill: async (url: string): Promise<string | undefined> => {
      const helper = `!sh '${SCRIPT}' '${directory.path}'`;
      const args = ["-c", "credential.helper=", "-c", `credential.helper=${helper}`, "credential", "fill"];
      const env = { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/dev/null" };
      const { stdout, code } = await run("git", args, { input: `url=${url}\n\n`, env });
      if (code !== 0) return undefined;
      const { username, password } = Object.fromEntries(
        stdout.split("\n").map((line) => /^([^=]*)=(.*)$/.exec(line)?.slice(1) ?? []),
      ) as Record<string, string>;
      return `${username}:${password}`;
    },
  };
}

const URL = "https://git.example.com/o/r.git";
const ALICE = "https://alice@git.example.com/o/r.git";

const shapes: [name: string, value: string | Uint8Array, url: string, sent: string | undefined][] = [
  ["a token", "t0ken", URL, "x-access-token:t0ken"],
  ["a token with the URL's user", "s3cret", ALICE, "alice:s3cret"],
  ["user:token", "bob:t0ken", URL, "bob:t0ken"],
  ["user:token beside the URL's user", "bob:t0ken", ALICE, "bob:t0ken"],
  ["a password with a colon", "bob:a:b=c@d", URL, "bob:a:b=c@d"],
  [":PAT", ":PAT", URL, ":PAT"],
  [":PAT with the URL's user", ":PAT", ALICE, "alice:PAT"],
  ["a user with a blank", "bob smith:t0ken", URL, "bob smith:t0ken"],
  ["a user with an @", "bob@corp.example:t0ken", URL, "bob@corp.example:t0ken"],
  ["TOKEN@host", "t0ken@git.example.com", URL, "t0ken:"],
  ["user:token@host", "bob:t0ken@git.example.com", URL, "bob:t0ken"],
  ["a line with a token as user", "https://t0ken@git.example.com", URL, "t0ken:"],
  ["a store line", "https://bob:t0k%40n@git.example.com\n", URL, "bob:t0k@n"],
  ["a store line with a raw @", "https://bob@corp:t0ken@git.example.com/o", URL, "bob@corp:t0ken"],
  ["a capital scheme and host", "HTTPS://bob:t0ken@Git.Example.Com", URL, "bob:t0ken"],
  [
    "store lines, by the URL's user",
    "https://bob:1@git.example.com\nhttps://alice:2@git.example.com\n",
    ALICE,
    "alice:2",
  ],
  ["a store line for another user of the host", "https://bob:t0ken@git.example.com", ALICE, "bob:t0ken"],
  ["a store line for another host", "https://bob:t0ken@elsewhere.example", URL, undefined],
  ["a byte order mark", Buffer.from("\uFEFFbob:t0ken\r\n"), URL, "bob:t0ken"],
  ["a store line after a byte order mark", Buffer.from("\uFEFFhttps://b:t@git.example.com\r\n"), URL, "b:t"],
  ["blanks and lines around", " \r\n\t bob:t0ken \t\r\n\r\n", URL, "bob:t0ken"],
  ["characters that a shell knows", "b`x`:$(y)'\"\\*", URL, "b`x`:$(y)'\"\\*"],
  ["a request of another host", "t0ken", "https://elsewhere.example/o/r.git", undefined],
  ["a request of another port", "t0ken", "https://git.example.com:8443/o/r.git", undefined],
  ["a request without TLS", "t0ken", "http://git.example.com/o/r.git", undefined],
];

describe("what git receives of a credential that is", { timeout: 120_000 }, () => {
  for (const [name, value, url, sent] of shapes) {
    test(name, async () => {
      await using secret = await mount(value);
      assert.equal(await secret.fill(url), sent);
    });
  }

  test("a bare token goes to each host under the user that the host documents", async () => {
    for (const [host, user] of [
      ["gitlab.example.com", "oauth2"],
      ["bitbucket.org", "x-token-auth"],
      ["github.com", "x-access-token"],
    ]) {
      await using secret = await mount("t0ken", `https://${host}`);
      assert.equal(await secret.fill(`https://${host}/o/r.git`), `${user}:t0ken`);
    }
  });

  test("renewed while it is in use: the next call has the new one", async () => {
    await using secret = await mount("alice:first-token");
    assert.equal(await secret.fill(URL), "alice:first-token");
    await secret.rotate("alice:second-token");
    assert.equal(await secret.fill(URL), "alice:second-token");
    assert.match(await secret.say("secrets"), /^second-token$/m);
  });

  test("empty, however it is empty", async () => {
    for (const nothing of ["", "\n", " \t\r\n\n", "\uFEFF\n"]) {
      await using secret = await mount(nothing);
      assert.equal(await secret.say("kind"), "empty\n");
    }
  });

  test("kept out of messages in each form that a message can have it", async () => {
    for (const [value, hidden] of [
      ["t0ken", ["t0ken", basic("x-access-token:t0ken")]],
      ["bob:t0ken", ["t0ken", basic("bob:t0ken")]],
      ["t0ken@git.example.com", ["t0ken"]],
      ["https://t0ken@git.example.com", ["t0ken"]],
      ["https://bob:t0k%40n@git.example.com", ["t0k%40n", "t0k@n", basic("bob:t0k@n")]],
      [
        "-----BEGIN X PRIVATE KEY-----\nlineOne\nlineTwo\n-----END X PRIVATE KEY-----",
        ["lineOne", "lineTwo"],
      ],
    ] as const) {
      await using secret = await mount(value);
      const lines = (await secret.say("secrets")).split("\n");
      for (const each of hidden) assert.ok(lines.includes(each), `${each} of ${value}: ${lines.join(" ")}`);
    }
  });
});

/** As a request has it, without the padding. */
function basic(pair: string): string {
  return btoa(pair).replaceAll("=", "");
}

describe("git's messages", { timeout: 60_000 }, () => {
  const url = "fatal: repository 'https://bob:t0ken-of-bob@git.example.com/o/r.git/' not found";
  const messages: [secret: string, message: string, shown: string][] = [
    ["t0ken-of-bob", url, "fatal: repository 'https://git.example.com/o/r.git/' not found"],
    ["t0ken-of-bob", "remote: xt0ken-of-boby is wrong", "remote: x***y is wrong"],
    ["a", "remote: a branch at last", "remote: a branch at last"],
    ["epo", "fatal: repository not found", "fatal: repository not found"],
    ["repo", "fatal: repository repo not found", "fatal: repository *** not found"],
    ["fatal", "fatal: fatalities", "***: fatalities"],
    ["bob:pass", "remote: pass is no password", "remote: *** is no password"],
    ["0123456", "remote: key 0123456, 01234567 and x0123456", "remote: key ***, 01234567 and x0123456"],
    [
      "bob:t0ken-of-bob",
      `remote: Authorization: Basic ${btoa("bob:t0ken-of-bob")} is refused`,
      "remote: Authorization: Basic ***== is refused",
    ],
    ["abcdabcd", "abcdabcdabcdabcd", "******"],
  ];
  for (const [secret, message, shown] of messages) {
    test(`${JSON.stringify(message)} with the secret ${JSON.stringify(secret)}`, async () => {
      await using mounted = await mount(secret);
      for (const shell of ["dash", "bash"]) assert.equal(await mounted.scrub(shell, message), shown, shell);
    });
  }
});
