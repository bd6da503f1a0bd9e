import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentProvider } from "../api/agent-provider.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { API_GROUP } from "../api/group.ts";
import { fieldOf, jsonEqual } from "../kube/json.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { NamespaceContents, ObservedAdmission } from "../plan/admission.ts";
import type { Caches } from "./caches.ts";
import type { AdmissionRequest } from "./webhook-server.ts";

/**
 * What reviewing a write needs, from the caches alone; undefined if there is nothing to say: the
 * caches are not filled yet, the namespace is not watched, or the spec stays as it was.
 */
export function gatherAdmission(
  caches: Caches,
  watched: readonly string[],
  { kind, operation, namespace, object, oldObject }: AdmissionRequest,
): ObservedAdmission | undefined {
  const isWatched = watched.length === 0 || watched.includes(namespace);
  if (kind.group !== API_GROUP || !isWatched || !hasSynced(caches)) return undefined;
  if (operation === "DELETE") {
    if (kind.kind !== "AgentWorkspace" || oldObject === undefined) return undefined;
    const workspace = readAs<AgentWorkspace>(oldObject, namespace);
    const runs = [...caches.runs.by("workspace", `${namespace}/${workspace.metadata.name}`)];
    return { action: "deleteWorkspace", workspace, runs };
  }
  if (object === undefined || jsonEqual(object["spec"], fieldOf(oldObject, "spec"))) return undefined;
  const contents = contentsOf(caches, namespace);
  switch (kind.kind) {
    case "AgentRun": {
      const run = readAs<AgentRun>(object, namespace);
      const workspace = caches.workspaces.get(`${namespace}/${run.spec.workspaceRef}`);
      return { action: "createRun", run, contents, ...(workspace && { workspace }) };
    }
    case "AgentWorkspace":
      return { action: "writeWorkspace", workspace: readAs<AgentWorkspace>(object, namespace), contents };
    case "AgentProvider":
      return { action: "writeProvider", provider: readAs<AgentProvider>(object, namespace), contents };
    case "AgentConfig":
      return { action: "writeConfig", config: readAs<AgentConfig>(object, namespace), contents };
    default:
      return undefined;
  }
}

function hasSynced({ runs, workspaces, providers, configs, secrets }: Caches): boolean {
  return [runs, workspaces, providers, configs, secrets].every((cache) => cache.hasSynced);
}

function contentsOf({ providers, configs, secrets }: Caches, namespace: string): NamespaceContents {
  return {
    providers: [...providers.list(namespace)],
    configs: [...configs.list(namespace)],
    hasSecret: (name) => secrets.get(`${namespace}/${name}`) !== undefined,
  };
}

/** The API server has validated it before it asks. */
function readAs<T extends KubeObject>(object: object, namespace: string): T {
  const read = object as T;
  return { ...read, metadata: { ...read.metadata, namespace } };
}
