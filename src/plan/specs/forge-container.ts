import type { Container, EnvVar, LocalKeyRef, Volume, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import type { ResolvedRepository } from "../resolved-run.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { FORGE_TOKEN_DIR, GIT_CA_DIR, GIT_CREDENTIALS_DIR, PUSHED_DIR, TERMINATION_LOG } from "./paths.ts";
import { TOKEN_FILE, type PullRequestTask } from "./pull-request-task.ts";
import { PULL_REQUEST_CONTAINER } from "./names.ts";
import { containerSecurity } from "./security.ts";
import { caMounts, secretVolume } from "./volumes.ts";

/** In the operator's image. */
const FORGE_PROGRAM = "/app/forge.mjs";

/** The container that opens the pull request: with a token of the forge, and with nothing that an agent could have written. */
export function pullRequestContainer(
  publish: ResolvedPublish,
  pullRequest: NonNullable<ResolvedPublish["pullRequest"]>,
): Container {
  const { token, ...task } = pullRequest;
  return forgeContainer(publish, {
    name: PULL_REQUEST_CONTAINER,
    step: "pull-request",
    env: scriptEnv({
      AGENT_PULL_REQUEST: JSON.stringify(task satisfies PullRequestTask),
      AGENT_PUSHED: PUSHED_DIR,
      AGENT_FORGE_TOKEN: token ? `${FORGE_TOKEN_DIR}/${TOKEN_FILE}` : `${GIT_CREDENTIALS_DIR}/credential`,
    }),
    mounts: [
      { name: "pushed", mountPath: PUSHED_DIR, readOnly: true },
      token
        ? { name: "forge-token", mountPath: FORGE_TOKEN_DIR, readOnly: true }
        : { name: "git-credentials", mountPath: GIT_CREDENTIALS_DIR, readOnly: true },
    ],
  });
}

/** What it mounts that `push` does not. */
export function pullRequestVolumes(token: LocalKeyRef | undefined): Volume[] {
  return [
    { name: "pushed", emptyDir: { sizeLimit: "1Mi" } },
    ...(token ? [secretVolume("forge-token", token, TOKEN_FILE)] : []),
  ];
}

/** A container of the operator's image. */
function forgeContainer(
  { operatorImage: image, gitResources: resources, env, repository }: ResolvedPublish,
  own: { name: string; step: string; env: EnvVar[]; mounts: VolumeMount[] },
): Container {
  return {
    name: own.name,
    image,
    command: ["node", FORGE_PROGRAM, own.step],
    env: mergeEnv(
      forgeNetwork(env, repository),
      scriptEnv({ AGENT_TERMINATION_LOG: TERMINATION_LOG }),
      own.env,
    ),
    resources,
    volumeMounts: [...own.mounts, ...caMounts(repository)],
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/** Proxies and private authorities, as Node takes them. */
function forgeNetwork(env: readonly EnvVar[], repository: ResolvedRepository): EnvVar[] {
  const network = networkEnv(env, repository);
  return mergeEnv(
    network,
    network.length > 0 ? literalEnv({ NODE_USE_ENV_PROXY: "1" }) : [],
    literalEnv({ NODE_EXTRA_CA_CERTS: repository.caBundle && `${GIT_CA_DIR}/ca.crt` }),
  );
}
