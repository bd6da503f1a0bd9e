import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import type { ResolvedRepository } from "./resolved-run.ts";

type RepositorySpec = NonNullable<AgentRun["spec"]["repository"]> | AgentWorkspace["spec"]["repository"];

/** A repository as its spec has it, with defaults applied. */
export function resolveRepository(spec: RepositorySpec): ResolvedRepository {
  return {
    url: spec.url,
    branch: spec.branch,
    commit: "commit" in spec ? spec.commit : undefined,
    credentials: spec.credentialsSecretRef,
    caBundle: spec.caBundleRef,
    submodules: spec.submodules ?? false,
    exposeCredentialsToAgent: spec.exposeCredentialsToAgent ?? false,
  };
}
