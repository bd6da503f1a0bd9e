import { LABEL_MANAGED_BY, OPERATOR_NAME } from "../../src/api/labels.ts";
import { agentConfigs, agentProviders, agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import { jobs, persistentVolumeClaims, pods, secrets } from "../../src/kube/builtin.ts";
import type { KubeList } from "../../src/kube/objects.ts";
import { pathOf } from "../../src/kube/resources.ts";
import { connectPlainly } from "./plain-requests.ts";

/**
 * A process of its own: lists and parses, page by page, what the operator's caches are filled from, all
 * resources side by side as the operator does, keeps nothing, and says when it is through.
 */
const plain = await connectPlainly(process.argv[2] ?? "");
const labelSelector = `labelSelector=${encodeURIComponent(`${LABEL_MANAGED_BY}=${OPERATOR_NAME}`)}`;
const lists: [typeof jobs | typeof agentRuns | typeof secrets, string][] = [
  [agentRuns, ""],
  [agentWorkspaces, ""],
  [agentProviders, ""],
  [agentConfigs, ""],
  [jobs, labelSelector],
  [pods, labelSelector],
  [persistentVolumeClaims, `${labelSelector},app.kubernetes.io%2Fcomponent%3Dworkspace`],
  [secrets, ""],
];
const counts = await Promise.all(lists.map(([type, query]) => listAll(pathOf(type), query)));
process.stdout.write(`${counts.reduce((sum, each) => sum + each, 0)}\n`);
process.exit(0);

async function listAll(path: string, query: string): Promise<number> {
  let items = 0;
  let next = "";
  do {
    const from = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
    const text = await plain.send("GET", `${path}?limit=500&${query}${from}`);
    const page = JSON.parse(text) as KubeList;
    items += page.items.length;
    next = page.metadata.continue ?? "";
  } while (next !== "");
  return items;
}
