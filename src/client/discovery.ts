import type { Client } from "./client.ts";
import { resourceType, type ResourceType } from "../kube/resources.ts";

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
}

interface ApiGroup {
  name: string;
  versions: { version: string }[];
  preferredVersion?: { version: string };
}

async function getJson<T>(client: Client, path: string): Promise<T> {
  return JSON.parse(await client.getText(path)) as T;
}

/** Every resource that can be listed, watched and deleted, once each, in the version that the server prefers. */
export async function discoverResources(client: Client): Promise<ResourceType[]> {
  const { groups } = await getJson<{ groups: ApiGroup[] }>(client, "/apis");
  const places = groups.map(({ name, versions, preferredVersion }) => ({
    group: name,
    version: preferredVersion?.version ?? versions[0]?.version ?? "v1",
  }));
  const lists = await Promise.all(
    [{ group: "", version: "v1" }, ...places].map(async ({ group, version }) => {
      const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      const { resources } = await getJson<{ resources: ApiResource[] }>(client, path);
      return resources
        .filter(
          ({ name, verbs }) =>
            !name.includes("/") && ["list", "watch", "delete"].every((verb) => verbs.includes(verb)),
        )
        .map(({ name, kind, namespaced }) => resourceType(group, version, name, kind, namespaced));
    }),
  );
  return lists.flat();
}
