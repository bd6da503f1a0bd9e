import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { API_GROUP } from "../../src/api/group.ts";
import { KINDS } from "../../src/api/kinds.ts";
import { type Generator, NOTICE } from "./generator.ts";

const FOLDER = "config/argocd";

/** The files of a kind's actions: what can be done to an object, and each thing that can. */
const ACTIONS: Readonly<
  Record<string, { discovery: string; definitions: Readonly<Record<string, string>> }>
> = {
  AgentRun: { discovery: "run-actions", definitions: { cancel: "run-cancel", retry: "run-retry" } },
  AgentWorkspace: { discovery: "workspace-actions", definitions: { retry: "workspace-retry" } },
};

/** Argo CD takes its scripts from one ConfigMap, which is patched with this. */
export const argocd: Generator = {
  files: async (root) => {
    const lua = (name: string): Promise<string> => readFile(join(root, FOLDER, `${name}.lua`), "utf8");
    const data: Record<string, string> = {};
    for (const { kind } of KINDS) {
      data[`resource.customizations.health.${API_GROUP}_${kind}`] = await lua("health");
      const actions = ACTIONS[kind];
      if (actions === undefined) continue;
      const definitions = Object.entries(actions.definitions).map(async ([name, file]) => ({
        name,
        "action.lua": await lua(file),
      }));
      data[`resource.customizations.actions.${API_GROUP}_${kind}`] = stringify(
        { "discovery.lua": await lua(actions.discovery), definitions: await Promise.all(definitions) },
        { lineWidth: 0 },
      );
    }
    const patch = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm" }, data };
    return new Map([[`${FOLDER}/argocd-cm.yaml`, `# ${NOTICE}\n${stringify(patch, { lineWidth: 0 })}`]]);
  },
};
