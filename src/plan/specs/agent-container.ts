import type { Agent, AgentSetup, EntrypointRules } from "../../agents/agent.ts";
import { agentOfType } from "../../agents/registry.ts";
import { mcpVariables } from "../../agents/values.ts";
import { AGENT_TYPES } from "../../api/agent-types.ts";
import type { Container, EnvVar } from "../../kube/builtin.ts";
import type { InstructionSource, ResolvedRun } from "../resolved-run.ts";
import { additionalEnv, additionalMounts } from "./additional-repositories.ts";
import { literal, literalEnv, mergeEnv, scriptEnv } from "./env.ts";
import { remoteEnv, rootsEnv } from "./git-container.ts";
import { AGENT_CONTAINER } from "./names.ts";
import { mcpSecretsOf, mcpServersOf } from "./mcp-servers.ts";
import {
  CONTINUED_DIR,
  homeDir,
  EVENT_DIR,
  EVENT_FILE,
  INPUTS_DIR,
  INSTRUCTIONS_FILE,
  isOnSharedVolume,
  PLUGIN_DIR,
  PROMPT_FILE,
  REPOSITORIES_DIR,
  SHARED_INSTRUCTIONS_FILE,
  SKILLS_DIR,
  TERMINATION_LOG,
  workDir,
} from "./paths.ts";
import type { ScriptValues } from "./script-variables.ts";
import { scriptPath } from "./scripts.ts";
import { containerSecurity } from "./security.ts";
import { telemetryEnv } from "./telemetry.ts";
import { secretFiles } from "./user-volumes.ts";
import { withSettings } from "./settings.ts";
import { agentMounts, repositoryOf } from "./volumes.ts";

/** The main container: the agent under the constant entrypoint. */
export function buildAgentContainer(run: ResolvedRun, agent: Agent): Container {
  const setup = agentSetup(run, agent);
  return withSettings({
    name: AGENT_CONTAINER,
    image: run.image,
    command: ["/bin/sh", scriptPath("entrypoint")],
    args: agent.args(setup).map((arg) => (typeof arg === "string" ? literal(arg) : arg.expand)),
    workingDir: workDir(run.place ?? run, run.worktree),
    env: agentEnv(run, agent, setup),
    resources: run.resources ?? agent.resources,
    volumeMounts: [...agentMounts(run), ...additionalMounts(run.additional?.map(({ name }) => name))],
    securityContext: containerSecurity,
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "File",
  });
}

function agentSetup(run: ResolvedRun, agent: Agent): AgentSetup {
  return {
    runName: run.name,
    env: run.env,
    cliArgs: [...(run.provider?.cliArgs ?? []), ...run.args],
    ...(run.command === undefined ? {} : { command: run.command }),
    hasSystemPrompt: run.systemPrompt !== undefined || isShared(run, agent),
    mcpServers: mcpServersOf(run),
    ...(hasSharedSkills(run, agent) ? { skillsFrom: PLUGIN_DIR } : {}),
    trustRepositoryConfig: run.trustRepositoryConfig,
    ...(run.additional && {
      additionalDirectories: run.additional.map(({ name }) => `${REPOSITORIES_DIR}/${name}`),
    }),
    sharedMounts: (run.workspace?.sharedVolumes ?? []).map(({ mountPath }) => mountPath),
    home: homeDir(run),
    isHomeNew: isHomeNew(run),
    ...(run.model === undefined ? {} : { model: run.model }),
    ...(run.resultSchema === undefined ? {} : { resultSchema: run.resultSchema }),
    ...(run.maxTurns === undefined ? {} : { maxTurns: run.maxTurns }),
    ...(run.provider?.token === undefined ? {} : { tokenVariable: run.provider.token.variable }),
  };
}

function isHomeNew({ setup, caches, volumes, workspace }: ResolvedRun): boolean {
  const mounts = [...(caches ?? []), ...(volumes?.mounts ?? []), ...(workspace?.sharedVolumes ?? [])];
  return setup === undefined && mounts.length === 0;
}

/** Home and credential first, so that the user's values can refer to them; the operator's own win. */
function agentEnv(run: ResolvedRun, agent: Agent, setup: AgentSetup): EnvVar[] {
  const token = run.provider?.token;
  const credential: EnvVar[] = token
    ? [{ name: token.variable, valueFrom: { secretKeyRef: token.secret } }]
    : [];
  const places = literalEnv({ HOME: homeDir(run), TMPDIR: "/tmp" });
  const users = mergeEnv(
    places,
    credential,
    literalEnv(agent.environment(setup)),
    telemetryEnv(run),
    run.env,
    asEnv(agent.corrections(setup)),
    places,
    mcpSecretsOf(run),
  );
  return mergeEnv(
    users,
    rootsEnv(),
    additionalEnv(run.additional?.map(({ name }) => name)),
    gitAccess(run),
    scriptEnv({
      AGENT_RUN: run.name,
      AGENT_RUN_UID: (run.place ?? run).uid,
      AGENT_WORKSPACE: run.workspace?.name,
      AGENT_GIT_NAME: run.gitIdentity.name,
      AGENT_GIT_EMAIL: run.gitIdentity.email,
      AGENT_SECRET_NAMES: secretNames(users).join(" "),
      AGENT_SECRET_FILES: [
        ...(run.promptFrom && "secret" in run.promptFrom ? [PROMPT_FILE] : []),
        ...secretFiles(run.volumes),
      ].join(" "),
      ...entrypointEnv(run, agent.entrypoint),
      ...inputEnv(run, agent, setup),
      ...valuesEnv(agent, setup),
      ...sessionEnv(run, agent),
      AGENT_INPUTS: run.dependsOn && INPUTS_DIR,
      AGENT_EVENT: run.hasEvent ? `${EVENT_DIR}/${EVENT_FILE}` : undefined,
      AGENT_STALL_SECONDS: run.stallSeconds?.toString(),
      AGENT_PROMPT: run.prompt,
      AGENT_FEEDBACK: run.feedback,
      AGENT_HOME_PATHS: othersWrite(run) ? userPaths().join(" ") : undefined,
      AGENT_SHARED_PATHS: othersWrite(run) ? setup.sharedMounts.join(" ") : undefined,
    }),
  );
}

/** Variables whose values come from Secrets; the entrypoint keeps those out of what it writes. */
function secretNames(env: readonly EnvVar[]): string[] {
  return env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => name);
}

/** What the entrypoint hands to the agent as files, besides a prompt that is given as text. */
function inputEnv(run: ResolvedRun, agent: Agent, setup: AgentSetup): ScriptValues {
  const { instructions, sharedInstructions } = run;
  const target =
    hasInstructions(run) && !isShared(run, agent) ? agent.entrypoint.userInstructions : undefined;
  return {
    AGENT_FILES: Object.entries(agent.files?.(setup) ?? {})
      .map(([path, text]) => `${path} ${text}`)
      .join("\n"),
    AGENT_PROMPT_FILE: run.promptFrom && PROMPT_FILE,
    AGENT_SYSTEM_PROMPT: run.systemPrompt,
    AGENT_SHARED_INSTRUCTIONS: textOf(sharedInstructions),
    AGENT_SHARED_INSTRUCTIONS_FILE: isFile(sharedInstructions) ? SHARED_INSTRUCTIONS_FILE : undefined,
    AGENT_USER_INSTRUCTIONS: textOf(instructions),
    AGENT_USER_INSTRUCTIONS_FILE: isFile(instructions) ? INSTRUCTIONS_FILE : undefined,
    AGENT_USER_INSTRUCTIONS_TARGET: target,
    ...skillsEnv(run, agent, setup),
  };
}

/** Where the agent reads them as they are mounted, there is nothing to do. */
function skillsEnv({ skills }: ResolvedRun, { entrypoint }: Agent, setup: AgentSetup): ScriptValues {
  if (!skills || setup.skillsFrom !== undefined) return {};
  return { AGENT_SKILLS: SKILLS_DIR, AGENT_SKILLS_TARGET: entrypoint.skills };
}

function textOf(source: InstructionSource | undefined): string | undefined {
  return source && "text" in source ? source.text : undefined;
}

function isFile(source: InstructionSource | undefined): boolean {
  return source !== undefined && !("text" in source);
}

function hasInstructions({ instructions, sharedInstructions }: ResolvedRun): boolean {
  return instructions !== undefined || sharedInstructions !== undefined;
}

/** What the entrypoint does with values before the agent starts. */
function valuesEnv(agent: Agent, setup: AgentSetup): ScriptValues {
  const { tokenVariable, mcpServers } = setup;
  const headers = mcpVariables(mcpServers.filter((server) => "url" in server));
  return {
    AGENT_KEY_NAMES: [...(tokenVariable === undefined ? [] : [tokenVariable]), ...headers].join(" "),
    AGENT_QUOTES: agent.entrypoint.quotes,
    AGENT_QUOTED_NAMES: agent.quotedVariables?.(setup).join(" "),
  };
}

/** The session goes by way of the claim, if no volume keeps the agent's own directory. */
function sessionEnv(run: ResolvedRun, { entrypoint }: Agent): ScriptValues {
  const { path, files, option, drop } = entrypoint.session ?? {};
  const hasOne = (run.keepSession === true || run.resumeSession !== undefined) && path !== undefined;
  return {
    AGENT_SESSION_PATH: hasOne ? path : undefined,
    AGENT_SESSION_FILES: hasOne ? files : undefined,
    AGENT_SESSION_KEEP: hasOne && run.keepSession ? "true" : undefined,
    AGENT_SESSION_SHARED: hasOne && isOnSharedVolume(run, path) ? "true" : undefined,
    AGENT_SESSION_DROP: hasOne ? drop : undefined,
    AGENT_CONTINUED_DIR: run.leftBy === undefined ? undefined : CONTINUED_DIR,
    AGENT_INTERRUPTED: run.isInterrupted ? "true" : undefined,
    AGENT_RESUME: run.resumeSession,
    AGENT_RESUME_OPTION: run.resumeSession === undefined ? undefined : option,
  };
}

/** Whether the home directory may hold what programs of the repository have written, of this run or of others. */
function othersWrite({ setup, caches = [] }: ResolvedRun): boolean {
  return setup !== undefined || caches.length > 0;
}

/** Of every agent: some read what is another's. */
function userPaths(): string[] {
  return [...new Set(AGENT_TYPES.flatMap((type) => agentOfType(type).userPaths))].toSorted();
}

/** Whether the agent's own instruction file lies on a volume of many runs: it is not this run's to write. */
function isShared(run: ResolvedRun, { entrypoint }: Agent): boolean {
  const file = entrypoint.userInstructions;
  return hasInstructions(run) && file !== undefined && isOnSharedVolume(run, file);
}

/** Whether the agent's own folder for skills is not this run's alone. */
function hasSharedSkills(run: ResolvedRun, { entrypoint: { skills } }: Agent): boolean {
  return run.skills !== undefined && skills !== undefined && isOnSharedVolume(run, skills);
}

/** The user's own text in another form: `$(VAR)` in it stays the user's. */
function asEnv(values: Readonly<Record<string, string>>): EnvVar[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function gitAccess(run: ResolvedRun): EnvVar[] {
  const repository = repositoryOf(run);
  return repository?.exposeCredentialsToAgent ? remoteEnv(repository) : [];
}

/**
 * How long an agent may stay after its final result without writing or computing anything: what it has started may
 * still be at work, but one that hangs has already said all.
 */
const RESULT_PATIENCE_SECONDS = 60;

function entrypointEnv(run: ResolvedRun, rules: EntrypointRules): ScriptValues {
  const trusted = run.trustRepositoryConfig;
  return {
    AGENT_CLI: rules.cli ?? run.command?.[0],
    AGENT_NPM_PACKAGE: rules.npmPackage,
    AGENT_SHELLS: rules.shells.join(" "),
    AGENT_STOP_SIGNAL: rules.stopSignal,
    AGENT_PROMPT_PREFIX: rules.promptPrefix,
    AGENT_INSTRUCTION_FILES: trusted ? undefined : rules.instructionFiles.join(" "),
    AGENT_INSTRUCTION_IMPORTS: rules.instructionImports ? "true" : undefined,
    AGENT_INSTRUCTION_BYTES: rules.instructionBytes?.toString(),
    AGENT_OWN_INSTRUCTION_FILES: trusted ? undefined : rules.ownInstructionFiles?.join(" "),
    AGENT_INSTRUCTION_PATH: rules.instructionPath,
    AGENT_INSTRUCTION_OPTION: rules.instructionOption,
    AGENT_INSTRUCTION_KEY: rules.instructionKey,
    AGENT_HIDDEN_PATHS: trusted ? undefined : rules.hiddenPaths.join(" "),
    AGENT_GIT_INCLUDE: rules.hidesGitConfig ? "true" : undefined,
    AGENT_HOPELESS: rules.hopeless,
    AGENT_FINAL: rules.final,
    AGENT_RESULT_PATIENCE: String(RESULT_PATIENCE_SECONDS),
    AGENT_USAGE_PATH: rules.usage && rules.session?.path,
    AGENT_USAGE_ALWAYS: rules.usage?.always ? "true" : undefined,
    AGENT_USAGE_SESSION: rules.usage?.session,
    AGENT_USAGE_LINES: rules.usage?.lines,
    AGENT_SUMMARY: rules.summary,
  };
}
