import { configOf, type GatherContext } from "./gather-context.ts";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { LABEL_MANAGED_BY, OPERATOR_NAME } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { persistentVolumeClaims } from "../kube/builtin.ts";
import { volumesOf } from "../plan/agent-run/run-volumes.ts";
import { userClaims } from "../plan/specs/user-volumes.ts";
import { readNow } from "./version-reads.ts";
import type { References } from "../plan/agent-run/observed.ts";
import { providerNameOf, secretsNeeded } from "../plan/agent-run/references.ts";
import { awaitedBy, findCycle } from "../plan/agent-run/dependencies.ts";
import type { Caches } from "./caches.ts";
import * as reference from "./reference-names.ts";

/** Looks the references up and remembers them, so that the run is planned again when one of them changes. */
export async function gatherReferences(
  { client, caches, secretKeys, dependencies, kubernetesVersion }: GatherContext,
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
  const claims = run.status?.jobName === undefined ? await claimsOf(client, run, config) : undefined;
  const kubernetes = run.spec.services ? await kubernetesVersion() : undefined;
  return { config, provider, workspace, workspaceRuns, secrets: found, claims, kubernetes, ...others };
}

/** Only of a run that mounts some itself. */
async function claimsOf(
  client: Client,
  run: AgentRun,
  config: AgentConfig | undefined,
): Promise<References["claims"]> {
  const { namespace = "" } = run.metadata;
  const found = userClaims(volumesOf(run, config)).map(async (name) => {
    const claim = await readNow(client, persistentVolumeClaims, { namespace, name });
    if (!claim) return [];
    return [[name, claim.metadata.labels?.[LABEL_MANAGED_BY] === OPERATOR_NAME ? "own" : "users"] as const];
  });
  return new Map((await Promise.all(found)).flat());
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
