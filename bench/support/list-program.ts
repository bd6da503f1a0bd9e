import { LABEL_COMPONENT, LABEL_MANAGED_BY, OPERATOR_NAME } from "../../src/api/labels.ts";
import { OUR_RESOURCES } from "../../src/api/resources.ts";
import { metadataOnlyAccept, queryOf } from "../../src/client/client.ts";
import { jobs, persistentVolumeClaims, pods, secrets } from "../../src/kube/builtin.ts";
import type { KubeList } from "../../src/kube/objects.ts";
import { pathOf, type ResourceType } from "../../src/kube/resources.ts";
import { RUN_COMPONENT, WORKSPACE_COMPONENT } from "../../src/plan/specs/labels.ts";
import { connectPlainly } from "./plain-requests.ts";

/**
 * its own process: lists and parses, page by page, what the operator's caches are filled from, all
 * resources side by side as the operator does, keeps nothing, and says when it is through.
 */
const plain = await connectPlainly(process.argv[2] ?? "");
const ours = `${LABEL_MANAGED_BY}=${OPERATOR_NAME}`;
const metadataOnly = metadataOnlyAccept("List");
const counts = await Promise.all([
  ...OUR_RESOURCES.map((type) => listAll(type)),
  listAll(jobs, `${ours},${LABEL_COMPONENT}=${RUN_COMPONENT}`, metadataOnly),
  listAll(jobs, `${ours},${LABEL_COMPONENT}!=${RUN_COMPONENT}`),
  listAll(pods, ours),
  listAll(persistentVolumeClaims, `${ours},${LABEL_COMPONENT}=${WORKSPACE_COMPONENT}`),
  listAll(secrets, "", metadataOnly),
]);
process.stdout.write(`${counts.reduce((sum, each) => sum + each, 0)}\n`);
process.exit(0);

async function listAll(type: ResourceType, labelSelector = "", accept?: string): Promise<number> {
  let items = 0;
  let next = "";
  do {
    const query = queryOf({ limit: 500, labelSelector, continue: next });
    const text = await plain.get(`${pathOf(type)}${query}`, accept);
    // A list of metadata has no items if it is empty.
    const page = JSON.parse(text) as Omit<KubeList, "items"> & { items: unknown[] | null };
    items += page.items?.length ?? 0;
    next = page.metadata.continue ?? "";
  } while (next !== "");
  return items;
}
