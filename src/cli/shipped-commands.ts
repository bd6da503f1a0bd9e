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
      "Creates an AgentRun in the current context and shows it live: its phases, what the agent says and does, a model that does not answer; then the result, what it cost, what changed, and the commands that come next. Without --repo the folder you are in says which repository: its remote and branch.",
      "Ctrl-C leaves the run alone and prints how to come back. The exit code is 0 if the run succeeded, 1 if it failed, 3 if it took longer than its timeout, 130 after Ctrl-C.",
      "With --local no cluster is needed: the key comes from the agent's own variable (such as ANTHROPIC_API_KEY), the work comes back as the branch agent/NAME of the repository you are in, and nothing is left running. Ctrl-C then stops the agent and brings home what it has done.",
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
    description: ["Shows the runs of a namespace as a table, in the columns that the server gives."],
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
    summary: "Show one run: its task, its way so far, why, its result, and what comes next",
    description: [
      "Shows the task, where and with what it runs, when it came how far, why it is in its phase and what to do about it, warnings, and the result with its cost.",
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
      "Shows what the agent has said and which tools it has used, from the log of its pod, or from the run's claim once the pod is gone. With --follow it waits for the pod and goes on until the run has ended; Ctrl-C leaves the run alone.",
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
      "Shows the whole change, uncommitted work included. Values of the run's Secrets are left out, but for an agent that was killed before it could write its patch. On a terminal it is coloured; elsewhere it is the patch as git apply takes it.",
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
      "A cache is the claim cache-NAME, which runs that name it in caches share and nothing else deletes. clear deletes it: pods that use it go on, and the next run makes a new one.",
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
      "Sets the annotation agent.xonovex.com/cancel on the AgentRun, as the calling user, and waits until it has ended: Failed with the reason Cancelled, or in its own way if it was done before.",
    ],
    options: cancelOptions,
    examples: ["agent-operator cancel fix-auth-bug", "agent-operator cancel fix-auth-bug -n team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/cancel.ts")).runCancel(values, context),
  }),
  defineCommand({
    name: "retry",
    group: "Runs",
    summary: "Give the task of a run that has ended to a new one",
    description: [
      "Creates a run with the same spec under a new name, says which, and follows it as `run` does.",
    ],
    options: retryOptions,
    examples: ["agent-operator retry", "agent-operator retry fix-auth-bug --detach"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/retry.ts")).runRetry(values, context),
  }),
  defineCommand({
    name: "resume",
    group: "Runs",
    summary: "Go on with the work of a run, in its checkout and its agent's session",
    description: [
      "Creates a run with the spec of RUN and continueFrom under a new name, says which, and follows it as `run` does. If RUN has not ended, the new run waits for that. It publishes to the same branch.",
      "With one word, that is the feedback, and the run is your newest.",
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
      "Creates a run of the AgentSchedule's template, beside its times and also while it is suspended, and follows it as `run` does.",
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
      "Makes the branch agent/RUN of the run's real commits in the repository that you are in; what the agent has not committed becomes a last commit. Your files, your index and the branch that you are on stay as they are. A branch that exists is only moved forward.",
      "A restricted pod, as the calling user, makes a git bundle of the run's claim, also after the run's pod is gone. Every object is checked before it is taken. Commits are taken as they are: unlike in a patch, a secret that the agent has committed is in them.",
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
      "Starts a restricted pod, as the calling user, that can only read the run's claim, takes the files from its log and removes it. Values of the run's Secrets are left out, but for the patch of an agent that was killed. Works for a run that goes on, has ended, or was killed: a patch that was not written is made from the checkout.",
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
    summary: "Take events from GitHub, GitLab, Gitea and others that start runs, and report runs to others",
    description: [
      "Serves the AgentTriggers of a namespace, or of all: checks the signature of each delivery, and creates the run that its trigger describes. Each replica serves; however many there are, and however often an event is delivered, it starts one run. Reports what becomes of runs to the sinks of AgentNotifiers, at least once.",
      "It has its own process because it reads the Secrets that deliveries are signed with, which the operator never does.",
    ],
    options: eventsOptions,
    examples: ["agent-operator events --namespace team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/events.ts")).runEvents(values, context),
  }),
  defineCommand({
    name: "console-server",
    group: "Operator",
    summary: "Serve the console in a cluster, to users with credentials of their own",
    description: [
      "Serves the page of `agent-operator console` to many users. It has no credential: each request to the API server carries the token that the user has pasted into the page, or that a proxy in front, such as oauth2-proxy, has added as a bearer header. No token is kept longer than the request is open.",
      "It takes plain HTTP, so it listens on 127.0.0.1 only: `kubectl port-forward` and a proxy in the same pod reach it there.",
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
      "Applies the CRDs and the operator that this version ships (config/crd and config/default). What is there is brought up to date.",
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
    description: ["Deletes what config/default holds and waits until it is gone. Every AgentRun stays."],
    options: uninstallOptions,
    examples: ["agent-operator uninstall", "agent-operator uninstall --crds"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/uninstall.ts")).runUninstall(values, context),
  }),
  defineCommand({
    name: "doctor",
    group: "Operator",
    summary: "Look a cluster over for what would keep runs from working",
    description: [
      "Looks at the API server's version, the CRDs, the operator's permissions, its replicas and Lease, storage classes, Pod Security, AgentProviders with their Secrets, and objects whose deletion is held up, and says what to do about each finding. It never changes anything.",
      "Exit code 1 means that something keeps runs from working; warnings alone end with 0.",
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
      "Print what an AgentRun will become, or an AgentSchedule, AgentTrigger or AgentNotifier will start or send",
    description: [
      "Reads manifests, applies every default as the operator does, and prints the claim and the Job as YAML. Above them stands each value that counts and the object that it came from. Asks no cluster: Secrets are taken to exist, a workspace to be Ready.",
      "Of an AgentSchedule it prints the next run, of an AgentTrigger the run for the delivery in --event, or why there is none, and of an AgentNotifier what it sends of the AgentRuns beside it. The signature of a delivery is taken to be valid. What a forge would be asked is named.",
      "A manifest that an API server would refuse is refused with the same message. Values of variables whose names say that they are secret are masked.",
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
    summary: "Print what makes a shell complete commands, options and names",
    description: [
      "Prints a script for bash, zsh or fish. Names of runs, providers, workspaces, namespaces and contexts come from the cluster at that moment. For kubectl agent nothing is needed but kubectl's own completion.",
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
