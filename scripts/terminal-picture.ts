import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { commands, local } from "../src/cli/commands.ts";
import { readConfig } from "../src/cli/config.ts";
import { createOutput } from "../src/cli/output.ts";
import { runProgram } from "../src/cli/program.ts";
import { startModelEndpoint } from "../src/demo/model-endpoint.ts";
import { createDemoRepository } from "../src/demo/repository.ts";
import { fixGreeting } from "../src/demo/scenarios.ts";
import { renderPicture } from "./generators/picture.ts";

const TASK = "Run ./test.sh. It fails: fix greet.sh and commit the change.";

/** Writes docs/run.svg: what `run --local` shows of the real claude with the demo's scripted model. */
const root = join(import.meta.dirname, "..");
const directory = await mkdtemp(join(tmpdir(), "picture-"));
const model = await startModelEndpoint({ scenario: fixGreeting });
try {
  const git = { path: process.env["PATH"] ?? "", home: directory };
  await createDemoRepository(directory, git);
  process.chdir(join(directory, "greeter"));
  let shown = "";
  const terminal = Object.assign(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        shown += chunk.toString();
        done();
      },
    }),
    { isTTY: true },
  );
  const config = readConfig(root, {
    ...process.env,
    ANTHROPIC_API_KEY: "any-key-will-do",
    ANTHROPIC_BASE_URL: model.url,
    NO_COLOR: "",
    TERM: "xterm",
  });
  const code = await runProgram(commands, ["run", "--local", "--name", "fix-greeting", TASK], {
    config,
    out: createOutput(terminal, process.stderr, { noColor: false }),
    stop: { signal: new AbortController().signal, exitCode: () => 0 },
    program: "agent-operator",
    local,
    stdin: process.stdin,
  });
  if (code !== 0) throw new Error(`the run ended with ${code}: ${shown}`);
  const text = shown.replaceAll(directory, "/home/ada").trimEnd();
  const picture = renderPicture(`$ agent-operator run --local "${TASK}"\n${text}`);
  await writeFile(join(root, "docs", "run.svg"), picture);
} finally {
  await model.close();
  process.chdir(root);
  await rm(directory, { recursive: true, force: true });
}
