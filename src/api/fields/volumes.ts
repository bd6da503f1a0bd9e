import { dataKey, dnsLabel } from "../rules/names.ts";
import { filePath, mountedPath, mountsApart, oneSource, userClaim, userMount } from "../rules/mounts.ts";
import { QUANTITY_PATTERN } from "../rules/values.ts";
import { choice, flag, integer, intOrString, list, object, text } from "../schema/fields.ts";
import { nameOf } from "./common.ts";

/** Volumes of the user's, as in a pod, but for what leads to the node. Source: k8s.io/api core/v1. */

const MAX_VOLUMES = 16;

const path = (description: string) => text({ description, minLength: 1, maxLength: 255, rules: [filePath] });

const items = list(
  object(
    {
      key: text({ description: "Key of the object.", maxLength: 253, rules: [dataKey] }),
      path: path("File in the volume."),
    },
    { description: "A key and its file." },
  ),
  { description: "Keys that the volume has. Default: all, each as a file.", maxItems: 32, type: "atomic" },
).optional();

const optional = (kind: string) => flag(`Whether the ${kind} or its keys may be missing.`).optional();

const configMap = object(
  { name: nameOf("Name of the ConfigMap, in the same namespace."), items, optional: optional("ConfigMap") },
  { description: "Keys of a ConfigMap as files." },
);

const secretName = nameOf("Name of the Secret, in the same namespace.");
const ofSecret = { items, optional: optional("Secret") };
const SECRET = { description: "Keys of a Secret as files. What they hold is hidden in the agent's output." };

const token = object(
  {
    path: path("File in the volume."),
    audience: text({ description: "Audience of the token.", maxLength: 253 }).optional(),
    expirationSeconds: integer({
      description: "How long the token is valid. Default: 3600.",
      minimum: 600,
      format: "int64",
    }).optional(),
  },
  { description: "A token of the run's ServiceAccount. Only with serviceAccountName." },
);

const SOURCES = ["configMap", "secret", "serviceAccountToken"] as const;

const source = object(
  {
    configMap: configMap.optional(),
    secret: object({ name: secretName, ...ofSecret }, SECRET).optional(),
    serviceAccountToken: token.optional(),
  },
  { description: "One part.", rules: [oneSource(SOURCES)] },
);

const KINDS = ["configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected"] as const;

const volume = object(
  {
    name: text({ description: "Name of the volume.", minLength: 1, maxLength: 50, rules: [dnsLabel] }),
    configMap: configMap.optional(),
    secret: object({ secretName, ...ofSecret }, SECRET).optional(),
    emptyDir: object(
      {
        medium: choice(["Memory"], "Memory: it counts as the containers' memory.").optional(),
        sizeLimit: intOrString({
          description: "How much it can hold.",
          minimum: 0,
          maxLength: 32,
          pattern: QUANTITY_PATTERN,
        }).optional(),
      },
      { description: "An empty directory that is gone with the pod." },
    ).optional(),
    persistentVolumeClaim: object(
      {
        claimName: text({
          description:
            "Name of the claim, in the same namespace. It must be none that the operator has made.",
          maxLength: 253,
          rules: [userClaim],
        }),
        readOnly: flag("Whether nothing can be written. Default: false.").optional(),
      },
      { description: "A claim." },
    ).optional(),
    projected: object(
      {
        sources: list(source, { description: "The parts.", minItems: 1, maxItems: 8, type: "atomic" }),
      },
      { description: "Several sources in one directory." },
    ).optional(),
  },
  { description: "One volume.", rules: [oneSource(KINDS)] },
);

const mount = object(
  {
    name: text({ description: "Name of the volume.", minLength: 1, maxLength: 50 }),
    mountPath: text({
      description: "Where the containers see it, such as /data or /home/agent/.npmrc.",
      maxLength: 255,
      rules: [mountedPath, ...userMount],
    }),
    subPath: path("File or directory of the volume that is mounted. Default: all of it.").optional(),
    readOnly: flag("Whether nothing can be written there. Default: false.").optional(),
  },
  { description: "One place of a volume." },
);

/** `volumes` of a run, and the default of a namespace. */
export function volumes(description: string) {
  return list(volume, { description, maxItems: MAX_VOLUMES, type: "map", keys: ["name"] });
}

/** `volumeMounts` of a run, and the default of a namespace. */
export function volumeMounts(description: string) {
  return list(mount, {
    description,
    maxItems: MAX_VOLUMES,
    type: "map",
    keys: ["mountPath"],
    rules: [mountsApart],
  });
}
