import { choice, flag, integer, intOrString, list, map, object, text } from "../schema/fields.ts";
import { envName, oneEnvSource, plainEnvName, oneValueFrom } from "../rules/env.ts";
import { labelKeys, labelValue, tolerationRules } from "../rules/pod.ts";
import { dataKey } from "../rules/names.ts";
import { envSize, MAX_VALUE_BYTES, valueSize } from "../rules/size.ts";
import { imageReference, noNul, QUANTITY_PATTERN } from "../rules/values.ts";
import { nameOf } from "./common.ts";

/** Fields that mean the same as those of a pod, with bounds. Source: k8s.io/api core/v1. */

export function image(description: string) {
  return text({ description, maxLength: 512, rules: [imageReference] });
}

const selectorKey = text({
  description: "Key within it.",
  maxLength: 253,
  rules: [dataKey],
});

function keySelector(holder: "Secret" | "ConfigMap") {
  return object(
    {
      name: nameOf(`Name of the ${holder}, in the same namespace.`),
      key: selectorKey,
      optional: flag(`Whether the ${holder} or its key may be missing.`).optional(),
    },
    { description: `A key of a ${holder}.`, mapType: "atomic" },
  );
}

const valueFrom = object(
  {
    secretKeyRef: keySelector("Secret").optional(),
    configMapKeyRef: keySelector("ConfigMap").optional(),
    fieldRef: object(
      {
        apiVersion: text({ description: "Version of the path's schema.", maxLength: 16 }).optional(),
        fieldPath: text({
          description: "Field of the pod, such as metadata.name or status.hostIP.",
          minLength: 1,
          maxLength: 512,
        }),
      },
      { description: "A field of the pod.", mapType: "atomic" },
    ).optional(),
    resourceFieldRef: object(
      {
        containerName: text({ description: "Name of the container.", maxLength: 63 }).optional(),
        resource: text({
          description: "Resource, such as limits.memory.",
          minLength: 1,
          maxLength: 253,
        }),
        divisor: intOrString({
          description: "Unit of the value.",
          minimum: 1,
          maxLength: 32,
          pattern: QUANTITY_PATTERN,
        }).optional(),
      },
      { description: "A resource of the container.", mapType: "atomic" },
    ).optional(),
  },
  { description: "Source of the value.", rules: [oneValueFrom] },
);

const envVar = object(
  {
    name: text({ description: "Name of the variable.", maxLength: 253, rules: envName }),
    value: text({
      description: "Its value. $(NAME) refers to a variable before it, and $$ is a dollar sign.",
      maxLength: MAX_VALUE_BYTES,
      rules: [noNul, valueSize],
    }).optional(),
    valueFrom: valueFrom.optional(),
  },
  { description: "One environment variable.", rules: oneEnvSource },
);

/** Environment variables, each name once. */
export function env(description: string) {
  return list(envVar, { description, maxItems: 64, type: "map", keys: ["name"], rules: [envSize] });
}

/** The same for a container that is none of the operator's: no name is the operator's own. */
export function plainEnv(description: string) {
  const variable = object(
    {
      name: text({ description: "Name of the variable.", maxLength: 128, rules: [plainEnvName] }),
      value: text({ description: "Its value.", maxLength: 4096 }).optional(),
      valueFrom: valueFrom.optional(),
    },
    { description: "One environment variable.", rules: oneEnvSource },
  );
  return list(variable, { description, maxItems: 32, type: "map", keys: ["name"] });
}

export const nodeSelector = map(
  text({ description: "Value that the node's label has.", maxLength: 63, rules: [labelValue] }),
  {
    description: "Labels of the nodes that the run's pod may run on.",
    maxProperties: 32,
    rules: [labelKeys],
  },
);

const toleration = object(
  {
    key: text({
      description: "Key of the taint. Empty with operator Exists: every taint.",
      maxLength: 317,
    }).optional(),
    operator: choice(["Exists", "Equal"], "How key and value compare. Default: Equal.").optional(),
    value: text({ description: "Value of the taint.", maxLength: 63, rules: [labelValue] }).optional(),
    effect: choice(
      ["NoSchedule", "PreferNoSchedule", "NoExecute"],
      "Effect of the taint. Default: every effect.",
    ).optional(),
    tolerationSeconds: integer({
      description: "How long a NoExecute taint is tolerated, in seconds.",
      format: "int64",
    }).optional(),
  },
  { description: "A taint that is tolerated.", rules: tolerationRules },
);

export const tolerations = list(toleration, {
  description: "Taints of nodes that the run's pod tolerates.",
  maxItems: 32,
  type: "atomic",
});

export function imagePullSecrets(description: string) {
  return list(
    object({ name: nameOf("Name of the Secret.") }, { description: "A Secret in the same namespace." }),
    {
      description,
      maxItems: 16,
      type: "map",
      keys: ["name"],
    },
  );
}

const id = (description: string) =>
  integer({ description, minimum: 0, maximum: 2147483647, format: "int64" });

export function podSecurityContext(description: string) {
  return object(
    {
      runAsUser: id("User id of the containers. Default: 1000.").optional(),
      runAsGroup: id("Group id of the containers. Default: 1000.").optional(),
      runAsNonRoot: flag("Whether a container that would run as root is refused. Default: true.").optional(),
      fsGroup: id("Group that owns the volumes. Default: 1000.").optional(),
      fsGroupChangePolicy: choice(
        ["OnRootMismatch", "Always"],
        "When the ownership of volumes is changed. Default: OnRootMismatch.",
      ).optional(),
      supplementalGroups: list(id("A group id."), {
        description: "Further groups of the containers.",
        maxItems: 32,
        type: "atomic",
      }).optional(),
      seccompProfile: object(
        {
          type: choice(
            ["RuntimeDefault", "Localhost", "Unconfined"],
            "Kind of profile. Default: RuntimeDefault.",
          ),
          localhostProfile: text({
            description: "Profile file on the node, with type Localhost.",
            minLength: 1,
            maxLength: 4096,
          }).optional(),
        },
        {
          description: "Seccomp profile of the containers.",
          rules: [
            {
              rule: "(self.type == 'Localhost') == has(self.localhostProfile)",
              message: "localhostProfile is required with type Localhost and forbidden with every other",
            },
          ],
        },
      ).optional(),
    },
    { description },
  );
}
