import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { defineCommand, parseOptions, UsageError } from "./command.ts";
import { commands } from "./commands.ts";
import { readConfig } from "./config.ts";
import { renderCliReference, renderCommandHelp } from "./help.ts";
import type { Program } from "./context.ts";
import { createOutput } from "./output.ts";
import { runProgram } from "./program.ts";

const specs = {
  data: { type: "string", value: "DIR", summary: "state", default: ".here" },
  port: {
    type: "string",
    summary: "port",
    check: (value: string) => (/^\d+$/.test(value) ? undefined : "expected a number"),
  },
  namespace: { type: "strings", value: "NAME", summary: "namespace" },
  agent: { type: "string", summary: "agent", choices: ["claude", "opencode"] },
  keep: { type: "boolean", summary: "keep" },
} as const;

describe("parseOptions", () => {
  it("gives defaults, collects repeated options and takes both = and the next argument as value", () => {
    assert.deepEqual(parseOptions(specs, ["--namespace", "a", "--namespace=b", "--keep"]), {
      data: ".here",
      port: undefined,
      namespace: ["a", "b"],
      agent: undefined,
      keep: true,
    });
  });

  it("takes a boolean's value as Go programs do", () => {
    assert.equal(parseOptions(specs, ["--keep=false"])["keep"], false);
    assert.equal(parseOptions(specs, ["--keep=true"])["keep"], true);
  });

  it("takes the value of a short option beside it, after = or as the next argument, as kubectl does", () => {
    const short = {
      output: { type: "string", short: "o", summary: "form", choices: ["name", "json"] },
    } as const;
    for (const argv of [["-ojson"], ["-o=json"], ["-o", "json"]])
      assert.equal(parseOptions(short, argv)["output"], "json", argv.join(" "));
  });

  const refused: [string[], RegExp][] = [
    [["--dat", "x"], /unknown option --dat \(did you mean --data\?\)/],
    [["--frobnicate"], /unknown option --frobnicate$/],
    [["-k"], /unknown option -k/],
    [["--toString"], /unknown option --toString/],
    [["extra"], /unexpected argument "extra"/],
    [["--", "extra"], /unexpected argument "extra"/],
    [["--data"], /--data needs a value: --data DIR/],
    [["--data="], /--data needs a value/],
    [["--port", "many"], /--port: expected a number, got "many"/],
    [["--agent", "hal"], /--agent: expected one of claude, opencode, got "hal"/],
    [["--data", "a", "--data", "b"], /--data is given twice/],
    [["--keep=maybe"], /--keep: expected true or false, got "maybe"/],
  ];
  for (const [argv, message] of refused) {
    it(`refuses ${argv.join(" ")}`, () => {
      assert.throws(
        () => parseOptions(specs, argv),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

describe("runProgram", () => {
  const refused: [string[], RegExp][] = [
    [["frob"], /there is no command "frob" \(there are dev, demo, .*version\)/],
    [["cancle"], /there is no command "cancle" \(did you mean cancel\?\)/],
    [["help", "frob"], /there is no command "frob"/],
    [["run", "--local", "--detach", "x"], /--detach has no meaning with --local/],
    [["run", "--workspace", "w", "--repo", "."], /--workspace and --repo exclude each other/],
    [["run", "--timeout", "soon", "x"], /--timeout: expected a duration such as 90s or 1h30m, got "soon"/],
    [["run", "--env", "x", "x"], /--env: expected NAME=VALUE, got "x"/],
    [["run"], /TASK is missing/],
    [["run", "-"], /standard input holds no task/],
    [["run", "\u001b[2J", "\u001b[2Jmore"], /unexpected argument "more"/],
    [
      ["dev", "--prot", "1"],
      /unknown option --prot \(did you mean --port\?\)\nTry: agent-operator dev --help/,
    ],
    [["dev", "--port", "70000"], /--port: expected a port from 1 to 65535, got "70000"/],
    [["dev", "--git-mirror", "nothing"], /--git-mirror: expected URL=PATH, got "nothing"/],
    [["demo", "--workspace", "--agent", "claude"], /--agent cannot be given with --workspace/],
    [["demo", "--prompt", "x"], /--prompt needs --live/],
    [["operator", "--metrics-bind-address", "8080"], /expected :PORT, HOST:PORT or 0, got "8080"/],
    [["operator", "--namespace", "Team_A"], /--namespace: expected a namespace name/],
    [["operator", "--log-level", "loud"], /expected one of debug, info/],
  ];
  for (const [argv, message] of refused) {
    it(`ends with 2 and says why for: ${argv.join(" ")}`, async () => {
      const { code, stdout, stderr } = await run(argv);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, message);
    });
  }

  it("prints the help of a command with every option", async () => {
    const { code, stdout } = await run(["operator", "--help"]);
    assert.equal(code, 0);
    for (const option of [
      "--health-probe-bind-address",
      "--metrics-bind-address",
      "--leader-elect",
      "--namespace",
    ]) {
      assert.ok(stdout.includes(option), `${option} is in the help`);
    }
  });

  it("prints the help of a command by help COMMAND, as its plugin of kubectl is called", async () => {
    const { code, stdout } = await run(["help", "cancel"], "kubectl agent");
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: kubectl agent cancel \[RUN\] \[OPTIONS\]$/m);
    assert.doesNotMatch(stdout, /agent-operator /);
  });

  it("says kubectl agent in the errors of its plugin", async () => {
    const { stderr } = await run(["shwo"], "kubectl agent");
    assert.match(
      stderr,
      /^kubectl agent: there is no command "shwo" \(did you mean show\?\)\nTry: kubectl agent --help/,
    );
  });

  it("prints the version", async () => {
    assert.match((await run(["--version"])).stdout, /^agent-operator \d+\.\d+\.\d+\n$/);
  });

  it("shows a user's failure without a stack", async () => {
    const { code, stderr } = await run(["dev", "--data", "/dev/null/data"]);
    assert.equal(code, 1);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});

describe("help", () => {
  it("has no line wider than a terminal for any command", () => {
    for (const command of commands) {
      const wide = renderCommandHelp(command, "agent-operator")
        .split("\n")
        .filter((line) => line.length > 120);
      assert.deepEqual(wide, []);
    }
  });

  it("gives the reference a row for each option", () => {
    const command = defineCommand({
      name: "x",
      group: "Other",
      summary: "s",
      description: ["d"],
      options: specs,
      examples: [],
      run: async () => 0,
    });
    const rows = renderCliReference([command]).match(/^\| `--/gm);
    assert.equal(rows?.length, Object.keys(specs).length + 1);
  });
});

describe("output", () => {
  it("has colours on a terminal only, and none with NO_COLOR", () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const coloured = createOutput(terminal, new PassThrough(), { noColor: false });
    assert.equal(coloured.style("red", "x"), "\u001B[31mx\u001B[39m");
    assert.equal(
      createOutput(terminal, terminal, readConfig("/nonexistent", { NO_COLOR: "1" })).style("red", "x"),
      "x",
    );
    assert.equal(createOutput(new PassThrough(), terminal, { noColor: false }).style("red", "x"), "x");
  });
});

async function run(
  argv: string[],
  program: Program = "agent-operator",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runProgram(commands, argv, {
    config: readConfig("/nonexistent", { HOME: "/nonexistent", PATH: "" }),
    out: createOutput(stdout, stderr, { noColor: true }),
    stop: { signal: new AbortController().signal, exitCode: () => 0 },
    program,
    stdin: new PassThrough().end(),
  });
  return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}
