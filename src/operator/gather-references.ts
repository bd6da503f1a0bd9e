import { configOf, type GatherContext } from "./gather-context.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { References } from "../plan/agent-run/observed.ts";
import { providerNameOf, secretsNeeded } from "../plan/agent-run/references.ts";
import { awaitedBy, findCycle } from "../plan/agent-run/dependencies.ts";
import type { Caches } from "./caches.ts";
import * as reference from "./reference-names.ts";

/** Looks the references up and remembers them, so that the run is planned again when one of them changes. */
export async function gatherReferences(
  { caches, secretKeys, dependencies, kubernetesVersion }: GatherContext,
  run: AgentRun,
  key: string,
): Promise<References> {
  const namespace = run.metadata.namespace ?? "";
  const config = configOf(caches, namespace);
  const providerName = providerNameOf(run, config);
  const provider =
    providerName === undefined ? undefined : caches.providers.get(`${namespace}/${providerName}`);
  const workspaceName = run.spec.workspaceRef;
  const workspaceKey = `${namespace}/${workspaceName}`;
  const workspace = workspaceName === undefined ? undefined : caches.workspaces.get(workspaceKey);
  const workspaceRuns = workspace && [...caches.runs.by("workspace", workspaceKey)];
  const others = gatherDependencies(caches, run);
  const secretNames = new Set(secretsNeeded(run, { config, provider, workspace }).map(({ ref }) => ref.name));
  dependencies.record(key, [
    reference.toConfigs(namespace),
    ...(providerName === undefined ? [] : [reference.toProvider(namespace, providerName)]),
    ...(workspaceName === undefined ? [] : [reference.toWorkspace(namespace, workspaceName)]),
    ...awaitedBy(run).map((name) => reference.toRun(namespace, name)),
    ...[...secretNames].map((name) => reference.toSecret(namespace, name)),
  ]);
  const lookups = [...secretNames].map(async (name) => [name, await secretKeys(namespace, name)] as const);
  const found = new Map(await Promise.all(lookups));
  const kubernetes = run.spec.services ? await kubernetesVersion() : undefined;
  return { config, provider, workspace, workspaceRuns, secrets: found, kubernetes, ...others };
}

function gatherDependencies({ runs }: Caches, run: AgentRun): Pick<References, "dependsOn" | "cycle"> {
  const { dependsOn = [] } = run.spec;
  if (awaitedBy(run).length === 0) return {};
  const named = (name: string) => runs.get(`${run.metadata.namespace}/${name}`);
  const found = dependsOn.flatMap((each) => {
    const other = named(each.run);
    return other ? [[each.run, other] as const] : [];
  });
  return { dependsOn: new Map(found), cycle: findCycle(run, named) };
}
