import { agentOfType } from "../../agents/registry.ts";
import type { Container, EnvVar, ResourceRequirements, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedRun, ResolvedSetup } from "../resolved-run.ts";
import { additionalMounts } from "./additional-repositories.ts";
import { literal, literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { SETUP_CONTAINER } from "./names.ts";
import { homeDir, TERMINATION_LOG, workDir } from "./paths.ts";
import { CONTRACT, scriptPath } from "./scripts.ts";
import { containerSecurity } from "./security.ts";
import { secretFiles } from "./user-volumes.ts";
import { withSettings } from "./settings.ts";
import { repositoryOf, setupMounts } from "./volumes.ts";

/** What the pod of a run and that of a verification say of the container. */
interface Place {
  image: string;
  workingDir: string;
  home: string;
  /** How the network is reached. */
  network: EnvVar[];
  resources?: ResourceRequirements;
  volumeMounts: VolumeMount[];
  /** Files that come from Secrets. */
  secretFiles: string[];
}

/** The container that prepares the checkout of a run, before its agent starts; none if there is nothing to do. */
export function runSetup(run: ResolvedRun): Container[] {
  const { setup, image, env } = run;
  if (!setup) return [];
  return [
    setupContainer(setup, {
      image,
      workingDir: workDir(run.place ?? run, run.worktree),
      home: homeDir(run),
      network: networkEnv(env, repositoryOf(run)),
      resources: run.resources ?? agentOfType(run.agent).resources,
      volumeMounts: [...setupMounts(run), ...additionalMounts(run.additional?.map(({ name }) => name))],
      secretFiles: secretFiles(run.volumes),
    }),
  ];
}

/**
 * The container `setup`. It runs programs of the repository: it has no key and no git credential, and mounts nothing
 * that a container with one reads.
 */
export function setupContainer({ command, timeoutSeconds, env }: ResolvedSetup, place: Place): Container {
  const secrets = env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => name);
  return withSettings({
    name: SETUP_CONTAINER,
    image: place.image,
    command: ["/bin/sh", scriptPath("setup")],
    args: command.map(literal),
    workingDir: place.workingDir,
    env: mergeEnv(
      place.network,
      env,
      literalEnv({ HOME: place.home, TMPDIR: "/tmp", GIT_TERMINAL_PROMPT: "0", ...trusted("*") }),
      scriptEnv({
        AGENT_TERMINATION_LOG: TERMINATION_LOG,
        AGENT_CONTRACT: CONTRACT,
        AGENT_SETUP_SECONDS: String(timeoutSeconds),
        AGENT_SECRET_NAMES: secrets.join(" "),
        AGENT_SECRET_FILES: place.secretFiles.join(" "),
      }),
    ),
    ...(place.resources ? { resources: place.resources } : {}),
    volumeMounts: place.volumeMounts,
    securityContext: containerSecurity,
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
  });
}

/** Makes git work in this folder, whoever owns it. */
export function trusted(directory: string): Record<string, string> {
  return { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: directory };
}
