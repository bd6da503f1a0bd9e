import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import type { OperatorDefaults } from "./defaults.ts";
import { githubAppFor } from "./github-app.ts";
import type { ResolvedRepository } from "./resolved-run.ts";

type RepositorySpec = NonNullable<AgentRun["spec"]["repository"]> | AgentWorkspace["spec"]["repository"];

/** A repository as its spec has it, with defaults applied. */
export function resolveRepository(
  spec: RepositorySpec,
  { operatorImage: image }: Pick<OperatorDefaults, "operatorImage">,
): ResolvedRepository {
  const { githubAppRef: app } = spec;
  return {
    url: spec.url,
    branch: spec.branch,
    commit: "commit" in spec ? spec.commit : undefined,
    credentials: spec.credentialsSecretRef,
    githubApp:
      app && githubAppFor(spec.url, { secret: app.name, image }, { permissions: { contents: "read" } }),
    caBundle: spec.caBundleRef,
    submodules: spec.submodules ?? false,
    exposeCredentialsToAgent: app === undefined && spec.exposeCredentialsToAgent === true,
  };
}
