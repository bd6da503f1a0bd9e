// The steps of action.yml: `name`, `run` and `cancel`. Needs Node and npm, which GitHub's runners have, and nothing else.
import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";

const COMMENT_LIMIT_MS = 30_000;

/** An input; undefined if it was left out. */
const input = (name) => process.env[`AGENT_RUN_${name}`] || undefined;

const OPTIONS = [
  "FROM",
  "BRANCH",
  "WORKSPACE",
  "WORKTREE",
  "AGENT",
  "PROVIDER",
  "MODEL",
  "TIMEOUT",
  "NAMESPACE",
];

/** What `agent-operator ARGS` prints on standard output, and its exit code. What it shows people goes to the step's log. */
async function agentOperator(args, text = "", stdout = "pipe") {
  // What an agent says is in the log too: it must not be able to give the runner commands.
  const token = randomUUID();
  process.stdout.write(`::stop-commands::${token}\n`);
  try {
    const { AGENT_RUN_TOKEN: _, ...env } = process.env;
    const npx = ["--yes", "--package", input("PACKAGE") ?? "agent-operator", "--", "agent-operator"];
    const child = spawn("npx", [...npx, ...args], { stdio: ["pipe", stdout, "inherit"], env });
    child.stdin.on("error", () => {}).end(text);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (part) => (output += part));
    const code = await new Promise((resolve, reject) =>
      child.on("error", reject).on("close", (exitCode) => resolve(exitCode ?? 1)),
    );
    return { code, output };
  } finally {
    process.stdout.write(`::${token}::\n`);
  }
}

/** Values have any number of lines; their end is a word that nobody can guess. */
function setOutputs(values) {
  const end = randomUUID();
  const lines = Object.entries(values).map(([name, value]) => `${name}<<${end}\n${value}\n${end}\n`);
  appendFileSync(process.env.GITHUB_OUTPUT, lines.join(""));
}

function outputsOf({ status = {} }) {
  const { phase = "", reason = "", outcome = "", published, result } = status;
  return {
    phase,
    reason,
    outcome,
    branch: published?.branch ?? result?.git?.branch ?? "",
    commit: published?.commit ?? result?.git?.headCommit ?? "",
    cost: result?.costUSD ?? "",
    text: result?.text ?? "",
  };
}

/** Everything that an agent may have written is in one block of code: it mentions nobody and shows no picture. */
function reportOf(name, { text, ...values }) {
  const rows = Object.entries(values).filter(([, value]) => value !== "");
  const body = [
    ...rows.map(([field, value]) => `${field.padEnd(8)} ${value}`),
    ...(text ? ["", text] : []),
  ].join("\n");
  const longest = Math.max(2, ...(body.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `AgentRun \`${name}\`\n\n${fence}text\n${body}\n${fence}\n`;
}

async function comment(body) {
  const { GITHUB_EVENT_PATH, GITHUB_API_URL, GITHUB_REPOSITORY } = process.env;
  const event = JSON.parse(readFileSync(GITHUB_EVENT_PATH, "utf8"));
  const number = event.pull_request?.number ?? event.issue?.number;
  if (number === undefined) return warn("there is no pull request or issue to comment on");
  try {
    const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues/${number}/comments`, {
      method: "POST",
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${input("TOKEN")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ body }),
      signal: AbortSignal.timeout(COMMENT_LIMIT_MS),
    });
    if (!response.ok)
      warn(
        `the comment was not accepted: HTTP ${response.status}; the token needs to write pull requests or issues`,
      );
  } catch (error) {
    warn(`the comment could not be sent: ${error.name}`);
  }
}

function warn(message) {
  process.stdout.write(`::warning::${message}\n`);
}

function chooseName() {
  const { GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT } = process.env;
  const name = input("NAME") ?? `ci-${GITHUB_RUN_ID}-${GITHUB_RUN_ATTEMPT}-${randomBytes(3).toString("hex")}`;
  setOutputs({ name });
  return 0;
}

async function run() {
  const name = input("NAME");
  const options = OPTIONS.flatMap((option) => {
    const value = input(option);
    return value === undefined ? [] : [`--${option.toLowerCase()}=${value}`];
  });
  const repository = input("REPOSITORY");
  const task = input("PROMPT") === undefined ? [] : ["-"];
  const args = [
    "run",
    ...task,
    `--name=${name}`,
    ...options,
    ...(repository ? [`--repo=${repository}`] : []),
    "-o=json",
  ];
  const { code, output } = await agentOperator(args, input("PROMPT"));
  if (!output.trim()) return code || 1;
  const values = outputsOf(JSON.parse(output));
  setOutputs(values);
  const report = reportOf(name, values);
  if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, report);
  if (input("COMMENT") === "true") await comment(report);
  return code;
}

async function cancel() {
  const namespace = input("NAMESPACE");
  const args = ["cancel", input("NAME"), "--no-wait", ...(namespace ? [`--namespace=${namespace}`] : [])];
  return (await agentOperator(args, "", "inherit")).code;
}

const steps = { name: chooseName, run, cancel };
process.exitCode = await steps[process.argv[2]]();
