import type {
  Container,
  EnvVar,
  LocalKeyRef,
  ResourceRequirements,
  Volume,
  VolumeMount,
} from "../../kube/builtin.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import type { ResolvedGitHubApp, ResolvedRepository } from "../resolved-run.ts";
import { APP_KEYS, CREDENTIAL_FILE } from "./app-token-task.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import {
  FORGE_TOKEN_DIR,
  GIT_CA_DIR,
  GIT_CREDENTIALS_DIR,
  GITHUB_APP_DIR,
  PUSHED_DIR,
  TERMINATION_LOG,
} from "./paths.ts";
import { TOKEN_FILE, type PullRequestTask } from "./pull-request-task.ts";
import { PULL_REQUEST_CONTAINER, TOKEN_CONTAINER } from "./names.ts";
import type { ScriptValues } from "./script-variables.ts";
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
  const { operatorImage: image, gitResources: resources, repository } = publish;
  const network = networkEnv(publish.env, repository);
  return forgeContainer(
    { image, resources, network, repository },
    {
      name: PULL_REQUEST_CONTAINER,
      step: "pull-request",
      env: scriptEnv({
        AGENT_PULL_REQUEST: JSON.stringify(task satisfies PullRequestTask),
        AGENT_PUSHED: PUSHED_DIR,
        AGENT_FORGE_TOKEN: token
          ? `${FORGE_TOKEN_DIR}/${TOKEN_FILE}`
          : `${GIT_CREDENTIALS_DIR}/${CREDENTIAL_FILE}`,
      }),
      mounts: [
        { name: "pushed", mountPath: PUSHED_DIR, readOnly: true },
        token
          ? { name: "forge-token", mountPath: FORGE_TOKEN_DIR, readOnly: true }
          : { name: "git-credentials", mountPath: GIT_CREDENTIALS_DIR, readOnly: true },
      ],
    },
  );
}

/** What it mounts that `push` does not. */
export function pullRequestVolumes(token: LocalKeyRef | undefined): Volume[] {
  return [
    { name: "pushed", emptyDir: { sizeLimit: "1Mi" } },
    ...(token ? [secretVolume("forge-token", token, TOKEN_FILE)] : []),
  ];
}

/** The init container that gets a token of a GitHub App: it alone has the App's key, and nothing else. */
export function tokenContainer(
  app: ResolvedGitHubApp,
  more: Omit<Parameters<typeof forgeContainer>[0], "image">,
): Container {
  const baseURL = { name: app.secret, key: APP_KEYS.baseURL, optional: true };
  return forgeContainer(
    { ...more, image: app.image },
    {
      name: TOKEN_CONTAINER,
      step: "token",
      env: [
        ...scriptEnv({
          AGENT_APP_TOKEN: JSON.stringify(app.task),
          AGENT_GITHUB_APP: GITHUB_APP_DIR,
          AGENT_GIT_CREDENTIALS: GIT_CREDENTIALS_DIR,
        }),
        { name: "AGENT_GITHUB_APP_URL" satisfies keyof ScriptValues, valueFrom: { secretKeyRef: baseURL } },
      ],
      mounts: [
        { name: "github-app", mountPath: GITHUB_APP_DIR, readOnly: true },
        { name: "git-credentials", mountPath: GIT_CREDENTIALS_DIR },
      ],
    },
  );
}

/** A container of the operator's image. */
function forgeContainer(
  to: { image: string; resources: ResourceRequirements; network: EnvVar[]; repository: ResolvedRepository },
  own: { name: string; step: string; env: EnvVar[]; mounts: VolumeMount[] },
): Container {
  return {
    name: own.name,
    image: to.image,
    command: ["node", FORGE_PROGRAM, own.step],
    env: mergeEnv(
      forgeNetwork(to.network, to.repository),
      scriptEnv({ AGENT_TERMINATION_LOG: TERMINATION_LOG }),
      own.env,
    ),
    resources: to.resources,
    volumeMounts: [...own.mounts, ...caMounts(to.repository)],
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/** Proxies and private authorities, as Node takes them. */
function forgeNetwork(network: readonly EnvVar[], { caBundle }: ResolvedRepository): EnvVar[] {
  return mergeEnv(
    network,
    network.length > 0 ? literalEnv({ NODE_USE_ENV_PROXY: "1" }) : [],
    literalEnv({ NODE_EXTRA_CA_CERTS: caBundle && `${GIT_CA_DIR}/ca.crt` }),
  );
}
