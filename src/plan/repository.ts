import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import type { OperatorDefaults } from "./defaults.ts";
import { githubAppFor } from "./github-app.ts";
import type { AdditionalRepository, ResolvedRepository } from "./resolved-run.ts";

type AdditionalSpec = NonNullable<AgentRun["spec"]["additionalRepositories"]>[number];
type RepositorySpec =
  | NonNullable<AgentRun["spec"]["repository"]>
  | AgentWorkspace["spec"]["repository"]
  | AdditionalSpec;

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
    submodules: "submodules" in spec && spec.submodules === true,
    exposeCredentialsToAgent:
      app === undefined && "exposeCredentialsToAgent" in spec && spec.exposeCredentialsToAgent === true,
  };
}

/** The repositories beside that of a run; undefined if it has none. */
export function resolveAdditional(
  { spec }: AgentRun,
  operator: Parameters<typeof resolveRepository>[1],
): AdditionalRepository[] | undefined {
  return spec.additionalRepositories?.map((each) => ({
    name: each.name,
    ...resolveRepository(each, operator),
  }));
}
