import { cacheMount, cachesApart } from "../rules/mounts.ts";
import { dnsLabel } from "../rules/names.ts";
import { choice, list, object, text, timestamp } from "../schema/fields.ts";
import { nameOf, storageSize } from "./common.ts";

const MAX_CACHES = 8;

const cacheName = (description: string) =>
  text({ description, minLength: 1, maxLength: 50, rules: [dnsLabel] });

const cache = object(
  {
    name: cacheName(
      "Name of the cache; its claim is named cache-<name>. All runs of the namespace that name it share it.",
    ),
    mountPath: text({
      description: "Where setup and the agent see it, such as /home/agent/.npm.",
      maxLength: 255,
      rules: cacheMount,
    }),
    storageSize: storageSize("Size of its claim when it is first used. Default: 10Gi.").optional(),
    accessMode: choice(
      ["ReadWriteOnce", "ReadWriteMany"],
      "Access mode of its claim when it is first used. ReadWriteOnce keeps all pods that use it on one node. Default: ReadWriteOnce.",
    ).optional(),
    storageClass: nameOf(
      "Storage class of its claim when it is first used. Default: the AgentConfig's, else the cluster's.",
    ).optional(),
  },
  { description: "A cache." },
);

/** `caches` of a run, and the default of a namespace. */
export function caches(description: string) {
  return list(cache, {
    description: `${description} A cache is a volume for downloads of programs that is kept from run to run. It is created when a run first uses it. Every run that writes to it decides what later runs find there.`,
    maxItems: MAX_CACHES,
    type: "map",
    keys: ["name"],
    rules: [cachesApart],
  });
}

/** `verify.caches`. */
export const usedCaches = list(cacheName("Name of the cache."), {
  description:
    "Names of the run's caches that the verification uses too. Default: none, because the agent could have written them.",
  maxItems: MAX_CACHES,
  type: "set",
});

/** As many as a status holds. */
export const MAX_CACHES_SHOWN = 200;

/** `status.caches` of an AgentConfig. */
export const cachesInUse = list(
  object(
    {
      name: text({ description: "Name of the cache.", maxLength: 63 }),
      size: text({ description: "Size of its volume, or of what its claim asks for.", maxLength: 64 }),
      lastUsed: timestamp(
        "When a pod that uses it last started or ended, to the minute. Absent if that is not known.",
      ).optional(),
    },
    { description: "A cache that has a claim." },
  ),
  {
    description: "The caches of the namespace, if this AgentConfig is active.",
    maxItems: MAX_CACHES_SHOWN,
    type: "map",
    keys: ["name"],
  },
);
