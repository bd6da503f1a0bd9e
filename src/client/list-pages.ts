import type { KubeList, KubeObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";
import type { Client, ListOptions } from "./client.ts";

/** A list page by page, as the server cuts it, each asked for when the one before has been read. Rejects with `ApiError`. */
export async function* listPages<T extends KubeObject>(
  client: Pick<Client, "list">,
  type: ResourceType<T>,
  options: Omit<ListOptions, "continue">,
): AsyncGenerator<KubeList<T>, void, undefined> {
  let next: string | undefined;
  do {
    const page = await client.list(type, next === undefined ? options : { ...options, continue: next });
    yield page;
    next = page.metadata.continue;
  } while (next !== undefined && next !== "");
}
