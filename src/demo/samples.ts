import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../client/client.ts";
import { unlessRefused } from "../client/errors.ts";
import { secrets } from "../kube/builtin.ts";
import { serveRepositories } from "./git-backend.ts";
import { startModelEndpoint } from "./model-endpoint.ts";
import { addBranch, createRemote, makeRepository, type GitEnvironment } from "./repository.ts";
import type { Scenario } from "./model-scenario.ts";
import { leaveNote, rateLow } from "./scenarios.ts";
import { ANY_KEY } from "./stage.ts";

/** The address of the model that the samples' provider names. */
const MODEL = { host: "litellm-proxy", port: 8317 };
const REPOSITORY = "repository.git";
/** The second one is an additional repository; here it is the same. */
const REPOSITORY_URLS = ["https://github.com/org/repo.git", "https://github.com/org/handbook.git"];

/** What the samples' set-ups, verifications and patches find in their repository. */
const FILES = {
  "README.md": { text: "# A project\n" },
  Makefile: { text: "docs-check:\n\ttest -s README.md\n" },
  "package.json": { text: '{ "name": "project", "private": true, "scripts": { "migrate": "true" } }\n' },
  "package-lock.json": {
    text: '{ "name": "project", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "project" } } }\n',
  },
};
/** A sample starts from this one. */
const BRANCH = "feature/auth";

/** The Secrets that the samples name, each with its key. */
const SECRETS = {
  "gemini-credentials": "api-key",
  "anthropic-credentials": "api-key",
  "openai-credentials": "api-key",
  "github-push": "token",
};

/** Answers on PostgreSQL's port, where nothing that a sample runs asks it anything. */
const DATABASE = `#!/usr/bin/env node
const server = require("node:net").createServer((connection) => connection.destroy());
process.on("SIGTERM", () => process.exit());
server.listen(5432, () => console.log("I am a script in the place of PostgreSQL."));
`;
const DATABASE_READY = `#!/usr/bin/env node
require("node:net").connect(5432, "127.0.0.1", () => process.exit()).on("error", () => process.exit(2));
`;

/** The programs that the samples' images hold; that of an agent does what the scripted model does. */
const PROGRAMS = {
  aider: `#!/bin/sh
set -e
test -s /tmp/agent-prompt
printf '# Notes\\n\\nA program was here.\\n' >NOTES.md
git add NOTES.md
git commit --quiet --message 'Leave a note'
echo 'I am a script in the place of aider: NOTES.md is written and committed.'
`,
  "docker-entrypoint.sh": DATABASE,
  pg_isready: DATABASE_READY,
};

/** The sample that asks this has a resultSchema. */
const RATED = "How risky is the newest commit";

/** What config/samples names, as this machine has it. */
export interface SampleSurroundings extends AsyncDisposable {
  readonly gitMirrors: Readonly<Record<string, string>>;
  readonly hosts: Readonly<Record<string, string>>;
  /** Directories with the programs of the samples' images. */
  readonly toolDirectories: readonly string[];
  /** Creates the Secrets in this namespace; one that is there already stays as it is. */
  createSecrets(client: Pick<Client, "create">, namespace: string): Promise<void>;
}

/**
 * The repository of config/samples below `directory`, which is kept from one start to the next and can be pushed to, and
 * a scripted model at the address that the samples' provider has. Rejects if that port is taken.
 */
export async function prepareSamples(directory: string, env: GitEnvironment): Promise<SampleSurroundings> {
  await using stack = new AsyncDisposableStack();
  const root = await prepareRepository(directory, env);
  const remote = stack.use(await serveRepositories(root, env.path));
  await startModel(stack);
  const everything = stack.move();
  return {
    gitMirrors: Object.fromEntries(REPOSITORY_URLS.map((url) => [url, `${remote.url}/${REPOSITORY}`])),
    hosts: { [MODEL.host]: "127.0.0.1" },
    toolDirectories: [await preparePrograms(directory)],
    createSecrets: async (client, namespace) => {
      for (const [name, key] of Object.entries(SECRETS)) {
        const secret = { metadata: { name, namespace }, stringData: { [key]: ANY_KEY } };
        await unlessRefused(client.create(secrets, secret), "AlreadyExists");
      }
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

const answerTo = (prompt: string): Scenario => (prompt.includes(RATED) ? rateLow : leaveNote);

async function startModel(stack: AsyncDisposableStack): Promise<void> {
  try {
    const model = await startModelEndpoint({ scenario: answerTo, port: MODEL.port });
    stack.defer(() => model.close());
  } catch (error) {
    throw new Error(
      `the samples' model needs port ${MODEL.port} of 127.0.0.1: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** Returns the directory that holds them. */
async function preparePrograms(directory: string): Promise<string> {
  const programs = join(directory, "samples-bin");
  await mkdir(programs, { recursive: true });
  for (const [name, text] of Object.entries(PROGRAMS))
    await writeFile(join(programs, name), text, { mode: 0o755 });
  return programs;
}

/** Returns the directory that holds it. Made aside and moved: one that is there is whole. */
async function prepareRepository(directory: string, env: GitEnvironment): Promise<string> {
  const root = join(directory, "samples");
  if (existsSync(root)) return root;
  const unfinished = await mkdtemp(`${root}.`);
  const path = join(unfinished, "project");
  await makeRepository(path, FILES, "A project", env);
  await addBranch(path, BRANCH, env);
  await createRemote({ mirrorPath: path }, join(unfinished, REPOSITORY), env);
  await rm(path, { recursive: true });
  await rename(unfinished, root);
  return root;
}
