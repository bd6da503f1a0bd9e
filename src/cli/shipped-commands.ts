import { consoleServerOptions } from "./console-options.ts";
import { eventsOptions } from "./events-options.ts";
import type { Command, OptionSpecs } from "./command.ts";
import { defineCommand } from "./command.ts";
import type { CommandContext } from "./context.ts";
import {
  operatorOptions,
  cancelOptions,
  artifactsOptions,
  installOptions,
  uninstallOptions,
  completionOptions,
  renderOptions,
  doctorOptions,
} from "./options.ts";
import {
  cachesOptions,
  diffOptions,
  listOptions,
  logsOptions,
  pullOptions,
  resumeOptions,
  retryOptions,
  showOptions,
  startOptions,
} from "./look-options.ts";
import { runOptions } from "./run-options.ts";

/**
 * The commands of the operator's image and of the npm package, as data; the modules that carry them out are
 * imported when they are run.
 */
export const shippedCommands: readonly Command<OptionSpecs, CommandContext>[] = [
  defineCommand({
    name: "operator",
    group: "Operator",
    summary: "Run the operator against the current kubeconfig, or inside a cluster",
    description: [
      "Inside a pod it uses the pod's ServiceAccount, elsewhere the current context of KUBECONFIG (or ~/.kube/config). The CRDs must be installed first: kubectl apply -k config/crd/",
      "Addresses are HOST:PORT, or :PORT for every interface.",
    ],
    options: operatorOptions,
    examples: [
      "agent-operator operator --health-probe-bind-address=:8081 --metrics-bind-address=:8080",
      "agent-operator operator --namespace team-a --namespace team-b --leader-elect",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/operator.ts")).runOperator(values, context),
  }),
  defineCommand({
    name: "run",
    group: "Runs",
    summary: "Give an agent a task in a repository, and follow what it does",
    description: [
      "Creates an AgentRun in the current context and shows it live: its phases, what the agent says and does, and a model that does not answer; then the result, what it cost, what changed, and the next commands. Without --repo it uses the remote and the branch of the current folder.",
      "Ctrl-C does not stop the run and prints how to follow it again. The exit code is 0 if the run succeeded, 1 if it failed, 3 if it timed out, and 130 after Ctrl-C.",
      "With --local no cluster is needed: the key comes from the agent's own variable (such as ANTHROPIC_API_KEY), the work becomes the branch agent/NAME of the current repository, and nothing keeps running. Ctrl-C then stops the agent and keeps what it has done as that branch.",
    ],
    options: runOptions,
    examples: [
      'agent-operator run "Fix the failing test"',
      'agent-operator run --local "Fix the failing test"',
      "agent-operator run - --agent codex --timeout 30m --model gpt-5",
      'agent-operator run "Update the parser" --workspace main-repo --worktree agent/parser --detach',
      "agent-operator run --from run.yaml --dry-run -o yaml",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/run.ts")).runRun(values, context),
  }),
  defineCommand({
    name: "list",
    group: "Runs",
    summary: "List runs",
    description: ["Shows the runs of a namespace as a table, with the server's columns."],
    options: listOptions,
    examples: [
      "agent-operator list",
      "agent-operator list -A --phase Failed",
      "agent-operator list -w -o wide",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/list.ts")).runList(values, context),
  }),
  defineCommand({
    name: "show",
    group: "Runs",
    summary: "Show one run: its task, phases, reason and result, and what comes next",
    description: [
      "Shows the task, its repository, agent and provider, the times of its phases, why it is in its phase and what to do about it, warnings, and the result with its cost.",
    ],
    options: showOptions,
    examples: ["agent-operator show", "agent-operator show fix-auth -o yaml"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/show.ts")).runShow(values, context),
  }),
  defineCommand({
    name: "logs",
    group: "Runs",
    summary: "Show what a run's agent says and does",
    description: [
      "Shows what the agent has said and which tools it has used, from the log of its pod, or from the run's claim once the pod is gone. With --follow it waits for the pod and continues until the run has ended. Ctrl-C does not stop the run.",
    ],
    options: logsOptions,
    examples: ["agent-operator logs -f", "agent-operator logs fix-auth-bug --raw"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/logs.ts")).runLogs(values, context),
  }),
  defineCommand({
    name: "diff",
    group: "Runs",
    summary: "Show what a run has changed",
    description: [
      "Shows the whole change, including uncommitted work. Values of the run's Secrets are hidden, unless the agent was killed before it could write its patch. On a terminal the diff is coloured; otherwise it is a patch for git apply.",
    ],
    options: diffOptions,
    examples: ["agent-operator diff", "agent-operator diff fix-auth-bug"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/diff.ts")).runDiff(values, context),
  }),
  defineCommand({
    name: "caches",
    group: "Runs",
    summary: "List the caches of a namespace, or clear one",
    description: [
      "A cache is the claim cache-NAME. All runs that name it in caches share it, and nothing else deletes it. clear deletes it: pods that use it continue, and the next run creates a new one.",
    ],
    options: cachesOptions,
    examples: ["agent-operator caches list", "agent-operator caches clear npm"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/caches.ts")).runCaches(values, context),
  }),
  defineCommand({
    name: "cancel",
    group: "Runs",
    summary: "Stop a run; its work so far and what it cost are kept",
    description: [
      "Sets the annotation agent.xonovex.com/cancel on the AgentRun, as the calling user, and waits until the run has ended: Failed with the reason Cancelled, or otherwise if it ended before that.",
    ],
    options: cancelOptions,
    examples: ["agent-operator cancel fix-auth-bug", "agent-operator cancel fix-auth-bug -n team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/cancel.ts")).runCancel(values, context),
  }),
  defineCommand({
    name: "retry",
    group: "Runs",
    summary: "Create a new run with the task of a run that has ended",
    description: [
      "Creates a run with the same spec under a new name, prints the name, and follows the run as `run` does.",
    ],
    options: retryOptions,
    examples: ["agent-operator retry", "agent-operator retry fix-auth-bug --detach"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/retry.ts")).runRetry(values, context),
  }),
  defineCommand({
    name: "resume",
    group: "Runs",
    summary: "Continue the work of a run, in its checkout and its agent's session",
    description: [
      "Creates a run with the spec of RUN and continueFrom under a new name, prints the name, and follows the run as `run` does. If RUN has not ended, the new run waits for that. It publishes to the same branch.",
      "With one argument, it is the feedback, and your newest run is continued.",
    ],
    options: resumeOptions,
    examples: [
      'agent-operator resume "The review asks for a test of the empty list"',
      'agent-operator resume fix-auth-bug "Use the new session API" --detach',
      "agent-operator resume fix-auth-bug -",
      "agent-operator resume fix-auth-bug --steps",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/resume.ts")).runResume(values, context),
  }),
  defineCommand({
    name: "start",
    group: "Runs",
    summary: "Start a run of a schedule now",
    description: [
      "Creates a run from the AgentSchedule's template, in addition to its times and even if it is suspended, and follows the run as `run` does.",
    ],
    options: startOptions,
    examples: ["agent-operator start schedule/nightly", "agent-operator start schedule/nightly --detach"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/start.ts")).runStart(values, context),
  }),
  defineCommand({
    name: "pull",
    group: "Runs",
    summary: "Bring a run's commits into your repository, as a branch",
    description: [
      "Creates the branch agent/RUN from the run's real commits in the current repository. What the agent has not committed becomes a last commit. Your files, your index and your current branch do not change. If the branch exists, it is only moved forward.",
      "A restricted pod, as the calling user, makes a git bundle of the run's claim, also after the run's pod is gone. Every object is checked before it is stored. The commits are not changed: unlike a patch, they contain a secret that the agent has committed.",
    ],
    options: pullOptions,
    examples: ["agent-operator pull", "agent-operator pull fix-auth-bug --branch review/auth"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/pull.ts")).runPull(values, context),
  }),
  defineCommand({
    name: "artifacts",
    group: "Runs",
    summary: "Fetch a run's patch, transcript and log, also after its pod is gone",
    description: [
      "Starts a restricted pod, as the calling user, that can only read the run's claim, reads the files from its log and deletes it. Values of the run's Secrets are hidden, except in the patch of an agent that was killed. Works for a run that is at work, has ended, or was killed: if no patch was written, it is made from the checkout.",
      "With --output and none of --patch, --transcript and --logs all three are fetched. It needs the permission to get the AgentRun and its Job, to create, watch and delete pods, and to get pods/log.",
    ],
    options: artifactsOptions,
    examples: [
      "agent-operator artifacts fix-auth-bug --patch",
      "agent-operator artifacts fix-auth-bug -o fix-auth-bug/",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/artifacts.ts")).runArtifacts(values, context),
  }),
  defineCommand({
    name: "events",
    group: "Operator",
    summary:
      "Receive events from GitHub, GitLab, Gitea and others that start runs, and report runs to others",
    description: [
      "Serves the AgentTriggers of a namespace, or of all: checks the signature of each delivery, and creates the run that its trigger describes. Each replica serves. An event starts one run, no matter how many replicas there are and how often it is delivered. Reports the start and end of runs to the sinks of AgentNotifiers, at least once.",
      "It has its own process because it reads the Secrets that sign deliveries, and the operator never does.",
    ],
    options: eventsOptions,
    examples: ["agent-operator events --namespace team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/events.ts")).runEvents(values, context),
  }),
  defineCommand({
    name: "console-server",
    group: "Operator",
    summary: "Serve the console in a cluster, to users with their own credentials",
    description: [
      "Serves the page of `agent-operator console` to many users. It has no credential: each request to the API server has the token that the user has pasted into the page, or that a proxy such as oauth2-proxy has added as a bearer header. No token is kept longer than its request is open.",
      "It speaks plain HTTP, so it listens on 127.0.0.1 only: `kubectl port-forward` and a proxy in the same pod reach it there.",
    ],
    options: consoleServerOptions,
    examples: [
      "agent-operator console-server --origin https://console.example.com",
      "agent-operator console-server --server https://127.0.0.1:6443 --certificate-authority ca.crt",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/console-server.ts")).runConsoleServer(values, context),
  }),
  defineCommand({
    name: "install",
    group: "Operator",
    summary: "Install the CRDs and the operator into the cluster of the current context",
    description: [
      "Applies the CRDs and the operator that this version ships (config/crd and config/default). Existing objects are updated.",
      "--dry-run prints the same as one file, which kubectl apply -f takes.",
    ],
    options: installOptions,
    examples: [
      "agent-operator install --registry registry.example.com/team --wait",
      "agent-operator install --namespace agents --dry-run | kubectl apply -f -",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/install.ts")).runInstall(values, context),
  }),
  defineCommand({
    name: "uninstall",
    group: "Operator",
    summary: "Remove the operator from the cluster of the current context",
    description: ["Deletes what config/default contains and waits until it is gone. Every AgentRun stays."],
    options: uninstallOptions,
    examples: ["agent-operator uninstall", "agent-operator uninstall --crds"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/uninstall.ts")).runUninstall(values, context),
  }),
  defineCommand({
    name: "doctor",
    group: "Operator",
    summary: "Check a cluster for problems that prevent runs from working",
    description: [
      "Checks the API server's version, the CRDs, the operator's permissions, its replicas and Lease, storage classes, Pod Security, AgentProviders with their Secrets, and objects that cannot be deleted, and prints what to do about each finding. It never changes anything.",
      "Exit code 1 means that something prevents runs from working. If there are only warnings, it is 0.",
    ],
    options: doctorOptions,
    examples: ["agent-operator doctor", "agent-operator doctor --namespace team-a --json"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/doctor.ts")).runDoctor(values, context),
  }),
  defineCommand({
    name: "render",
    group: "Runs",
    summary:
      "Print the objects of an AgentRun, or what an AgentSchedule, AgentTrigger or AgentNotifier will start or send",
    description: [
      "Reads manifests, applies every default as the operator does, and prints the claim and the Job as YAML. Above them it prints each effective value and the object that it came from. It asks no cluster and assumes that Secrets exist and that a workspace is Ready.",
      "For an AgentSchedule it prints the next run, for an AgentTrigger the run for the delivery in --event, or why there is none, and for an AgentNotifier what it sends about the AgentRuns in the same files. It assumes that the signature of a delivery is valid, and prints what a forge would be asked.",
      "If an API server would refuse a manifest, it is refused with the same message. If the name of a variable suggests a secret, its value is masked.",
    ],
    options: renderOptions,
    examples: [
      "agent-operator render -f run.yaml -f provider.yaml --namespace team-a",
      "agent-operator render -f trigger.yaml --event payload.json --header 'x-github-event: issues'",
      "agent-operator render -f notifier.yaml -f run.yaml",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/render.ts")).runRender(values, context),
  }),
  defineCommand({
    name: "completion",
    group: "Other",
    summary: "Print a script that completes commands, options and names in a shell",
    description: [
      "Prints a script for bash, zsh or fish. Names of runs, providers, workspaces, namespaces and contexts come from the cluster at that moment. For kubectl agent, kubectl's own completion is enough.",
    ],
    options: completionOptions,
    examples: [
      "source <(agent-operator completion bash)",
      "source <(agent-operator completion zsh)",
      "agent-operator completion fish",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/completion.ts")).runCompletion(values, context),
  }),
  defineCommand({
    name: "version",
    group: "Other",
    summary: "Print the version",
    description: ["Prints the version of this program."],
    options: {},
    examples: [],
    run: async (_values, context: CommandContext) =>
      (await import("./commands/version.ts")).runVersion(context),
  }),
];
