import type { LocalKeyRef, Volume, VolumeMount } from "../../kube/builtin.ts";
import type {
  InstructionSource,
  KeySource,
  ResolvedGitHubApp,
  ResolvedRepository,
  ResolvedRun,
} from "../resolved-run.ts";
import { APP_KEYS, CREDENTIAL_FILE } from "./app-token-task.ts";
import { runClaimName, runEventName, runInputsName } from "./names.ts";
import { SCRIPTS_DIR, SCRIPTS_TARGET_DIR } from "./scripts.ts";
import { cacheMounts, cacheVolumes } from "./caches.ts";
import { userMounts, userVolumes } from "./user-volumes.ts";
import { homeMounts } from "./home-mounts.ts";
import { serviceVolumes } from "./services.ts";
import {
  CONTINUED_DIR,
  GIT_CA_DIR,
  GIT_CREDENTIALS_DIR,
  GIT_KNOWN_HOSTS_DIR,
  homeDir,
  EVENT_DIR,
  INPUTS_DIR,
  INSTRUCTIONS_DIR,
  PROMPT_DIR,
  SHARED_INSTRUCTIONS_DIR,
  SKILLS_DIR,
  RECORD_DIR,
  LOCKS_DIR,
  RUN_DIR,
  STORE_DIR,
  WORKSPACE_DIR,
  WORKTREES_DIR,
} from "./paths.ts";

/** Readable by the pod's group, which fsGroup sets. */
const SECRET_MODE = 0o440;

/** Of the container that has credentials, and of no other. */
const FETCH_TMP = "fetch-tmp";

const SETUP_TMP = "setup-tmp";

/** Where the scripts are for containers of other images. */
export const SCRIPTS_VOLUME: Volume = { name: "scripts", emptyDir: { sizeLimit: "1Mi" } };
export const scriptsMount: VolumeMount = { name: "scripts", mountPath: SCRIPTS_DIR, readOnly: true };
/** The same for the container that fills it. */
export const scriptsTargetMount: VolumeMount = { name: "scripts", mountPath: SCRIPTS_TARGET_DIR };

/** The repository that the run's git containers talk to. */
export function repositoryOf(run: ResolvedRun): ResolvedRepository | undefined {
  return run.workspace?.repository ?? run.repository;
}

/** The claim that holds a run's checkout: its workspace's, else its own. */
export function claimVolume(place: { name: string }, workspace: { claimName: string } | undefined): Volume {
  return {
    name: "workspace",
    persistentVolumeClaim: { claimName: workspace?.claimName ?? runClaimName(place.name) },
  };
}

/** Everything that a container of the run mounts. */
export function runVolumes(run: ResolvedRun): Volume[] {
  return [
    claimVolume(run.place ?? run, run.workspace),
    { name: "home", emptyDir: {} },
    { name: "tmp", emptyDir: {} },
    { name: "git-tmp", emptyDir: {} },
    SCRIPTS_VOLUME,
    ...(run.setup ? [{ name: SETUP_TMP, emptyDir: {} }] : []),
    ...repositoryVolumes(repositoryOf(run)),
    ...sharedVolumes(run),
    ...inputVolumes(run),
    ...serviceVolumes(run.services),
    ...cacheVolumes(run.caches),
    ...userVolumes(run.volumes),
  ];
}

/** Whether there is a container that has a credential of the repository. */
export function hasCredential(repository: ResolvedRepository | undefined): boolean {
  return repository?.credentials !== undefined || repository?.githubApp !== undefined;
}

/** The App's key, and the memory in which the token is handed over. */
function appVolumes({ secret }: ResolvedGitHubApp): Volume[] {
  const { id, installation, privateKey } = APP_KEYS;
  const items = [id, installation, privateKey].map((key) => ({ key, path: key }));
  return [
    { name: "git-credentials", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    { name: "github-app", secret: { secretName: secret, items, defaultMode: SECRET_MODE } },
  ];
}

/** The Secret and ConfigMap that `repositoryMounts` mounts. */
export function repositoryVolumes(repository: ResolvedRepository | undefined): Volume[] {
  const volumes: Volume[] = [];
  if (hasCredential(repository)) volumes.push({ name: FETCH_TMP, emptyDir: {} });
  if (repository?.githubApp) volumes.push(...appVolumes(repository.githubApp));
  if (repository?.credentials) {
    const { name, key } = repository.credentials;
    volumes.push(
      {
        name: "git-credentials",
        secret: secretFile({ name, key }, CREDENTIAL_FILE),
      },
      {
        name: "git-known-hosts",
        secret: { ...secretFile({ name, key: "known_hosts" }, "known_hosts"), optional: true },
      },
    );
  }
  if (repository?.caBundle) {
    const { name, key } = repository.caBundle;
    volumes.push({ name: "git-ca", configMap: { name, items: [{ key, path: "ca.crt" }] } });
  }
  return volumes;
}

function inputVolumes(run: ResolvedRun): Volume[] {
  const { name, promptFrom, sharedInstructions, instructions, skills = [], dependsOn, hasEvent } = run;
  return [
    ...(dependsOn ? [{ name: "inputs", configMap: { name: runInputsName(name) } }] : []),
    // The ConfigMap is made after the run; a pod that comes sooner waits for it.
    ...(hasEvent ? [{ name: "event", configMap: { name: runEventName(name) } }] : []),
    ...(promptFrom ? [keyVolume("prompt", promptFrom, "prompt")] : []),
    ...instructionVolume("shared-instructions", sharedInstructions),
    ...instructionVolume("instructions", instructions),
    ...skills.map(skillVolume),
  ];
}

function instructionVolume(name: string, source: InstructionSource | undefined): Volume[] {
  return source && !("text" in source) ? [keyVolume(name, source, "instructions.md")] : [];
}

function instructionMount(
  name: string,
  source: InstructionSource | undefined,
  mountPath: string,
): VolumeMount[] {
  return source && !("text" in source) ? [{ name, mountPath, readOnly: true }] : [];
}

/** All keys. One that no agent would find waits for its SKILL.md, because that is named. */
function skillVolume({ name, configMapRef }: NonNullable<ResolvedRun["skills"]>[number]): Volume {
  const file = "SKILL.md";
  const named = { ...configMapRef, items: [{ key: file, path: file }] };
  return {
    name: `skill-${name}`,
    projected: { sources: [{ configMap: named }, { configMap: configMapRef }] },
  };
}

function keyVolume(name: string, source: KeySource, path: string): Volume {
  return "secret" in source
    ? { name, secret: secretFile(source.secret, path) }
    : { name, configMap: { name: source.configMap.name, items: [{ key: source.configMap.key, path }] } };
}

/** One key of a Secret as a file. */
export function secretVolume(name: string, ref: LocalKeyRef, path: string): Volume {
  return { name, secret: secretFile(ref, path) };
}

function secretFile({ name, key }: LocalKeyRef, path: string): NonNullable<Volume["secret"]> {
  return { secretName: name, items: [{ key, path }], defaultMode: SECRET_MODE };
}

function inputMounts(run: ResolvedRun): VolumeMount[] {
  const { promptFrom, sharedInstructions, instructions, skills = [], dependsOn, hasEvent } = run;
  return [
    ...(dependsOn ? [{ name: "inputs", mountPath: INPUTS_DIR, readOnly: true }] : []),
    ...(hasEvent ? [{ name: "event", mountPath: EVENT_DIR, readOnly: true }] : []),
    ...(promptFrom ? [{ name: "prompt", mountPath: PROMPT_DIR, readOnly: true }] : []),
    ...instructionMount("shared-instructions", sharedInstructions, SHARED_INSTRUCTIONS_DIR),
    ...instructionMount("instructions", instructions, INSTRUCTIONS_DIR),
    ...skills.map(({ name }) => ({
      name: `skill-${name}`,
      mountPath: `${SKILLS_DIR}/${name}`,
      readOnly: true,
    })),
  ];
}

function sharedVolumes(run: ResolvedRun): Volume[] {
  return (run.workspace?.sharedVolumes ?? []).map(({ claimName }, index) => ({
    name: `shared-${index}`,
    persistentVolumeClaim: { claimName },
  }));
}

function sharedMounts(run: ResolvedRun): VolumeMount[] {
  return (run.workspace?.sharedVolumes ?? []).map(({ mountPath }, index) => ({
    name: `shared-${index}`,
    mountPath,
  }));
}

/** What was fetched with credentials, for a container that needs its objects. */
export const storeMount: VolumeMount = {
  name: "workspace",
  mountPath: STORE_DIR,
  subPath: "store",
  readOnly: true,
};

/** For the containers that write worktrees into a workspace. */
export const lockMount: VolumeMount = { name: "workspace", mountPath: LOCKS_DIR, subPath: "locks" };

/** The /tmp of a container with credentials. */
export const privateTmpMount: VolumeMount = { name: FETCH_TMP, mountPath: "/tmp" };

/** All that a container with credentials mounts: nothing that an agent, or a container with an agent's files, writes. */
export function fetchMounts(repository: ResolvedRepository): VolumeMount[] {
  return [{ ...storeMount, readOnly: false }, privateTmpMount, ...repositoryMounts(repository)];
}

/** The parts of the claim; `lost+found` and other runs' files are in none of them. */
export function workspaceMounts(run: ResolvedRun): VolumeMount[] {
  return [
    storeMount,
    { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo" },
    { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees" },
    { name: "workspace", mountPath: RUN_DIR, subPath: `runs/${run.name}` },
  ];
}

/** The checkout and the home directory, without what runs share, and without what the agent leaves for later. */
export function setupMounts(run: ResolvedRun): VolumeMount[] {
  return [
    ...workspaceMounts(run).filter(({ mountPath }) => mountPath !== RUN_DIR),
    ...homeMounts(homeDir(run), [...cacheMounts(run.caches), ...userMounts(run.volumes)]),
    { name: SETUP_TMP, mountPath: "/tmp" },
    scriptsMount,
  ];
}

/** What the runs of a place started from: only the git container may write there. */
export function recordMount({ name }: { name: string }): VolumeMount {
  return { name: "workspace", mountPath: RECORD_DIR, subPath: `records/${name}` };
}

/** Credentials and certificates, for a container that talks to the remote. */
export function repositoryMounts(repository: ResolvedRepository | undefined): VolumeMount[] {
  return [
    ...(hasCredential(repository)
      ? [{ name: "git-credentials", mountPath: GIT_CREDENTIALS_DIR, readOnly: true }]
      : []),
    ...(repository?.credentials
      ? [{ name: "git-known-hosts", mountPath: GIT_KNOWN_HOSTS_DIR, readOnly: true }]
      : []),
    ...caMounts(repository),
  ];
}

/** The certificates that the repository's server is trusted by. */
export function caMounts(repository: ResolvedRepository | undefined): VolumeMount[] {
  return repository?.caBundle ? [{ name: "git-ca", mountPath: GIT_CA_DIR, readOnly: true }] : [];
}

export function agentMounts(run: ResolvedRun): VolumeMount[] {
  const repository = repositoryOf(run);
  const exposed = repository?.exposeCredentialsToAgent ? repository : undefined;
  return [
    ...workspaceMounts(run),
    { ...recordMount(run.place ?? run), readOnly: true },
    ...(run.leftBy === undefined
      ? []
      : [{ name: "workspace", mountPath: CONTINUED_DIR, subPath: `runs/${run.leftBy}`, readOnly: true }]),
    ...homeMounts(homeDir(run), [
      ...cacheMounts(run.caches),
      ...userMounts(run.volumes),
      ...sharedMounts(run),
    ]),
    { name: "tmp", mountPath: "/tmp" },
    scriptsMount,
    ...repositoryMounts(exposed),
    ...inputMounts(run),
  ];
}
