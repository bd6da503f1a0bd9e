import { list, object, text, timestamp, choice, integer, intOrString, map } from "../schema/fields.ts";
import { aSize, requestsWithinLimits } from "../rules/amounts.ts";
import { dataKey, dnsLabel, dnsSubdomain, MAX_WORKSPACE_NAME } from "../rules/names.ts";
import { noNul, programNamed, QUANTITY_PATTERN, SIZE_PATTERN, wholeSeconds } from "../rules/values.ts";

/** The name of another Kubernetes object. */
export function nameOf(description: string) {
  return text({ description, maxLength: 253, rules: [dnsSubdomain] });
}

/** The name of an AgentWorkspace. */
export function workspaceNameOf(description: string) {
  return text({ description, maxLength: MAX_WORKSPACE_NAME, rules: [dnsLabel] });
}

const key = text({
  description: "Key within it.",
  maxLength: 253,
  rules: [dataKey],
});

/** One key of a Secret or ConfigMap in the same namespace. */
export function keyRef(holder: "Secret" | "ConfigMap", description: string) {
  return object(
    { name: nameOf(`Name of the ${holder}, in the same namespace.`), key },
    { description, mapType: "atomic" },
  );
}

/** A Secret in the same namespace whose keys have names of their own. */
export function secretNamed(description: string) {
  return object(
    { name: nameOf("Name of the Secret, in the same namespace.") },
    { description, mapType: "atomic" },
  );
}

/** A Go duration of whole seconds. */
export function duration(description: string) {
  return text({ description, maxLength: 32, rules: [wholeSeconds] });
}

/** A program and its arguments, which no shell reads. */
export function argv(description: string) {
  return list(text({ description: "One word.", maxLength: 4096, rules: [noNul] }), {
    description,
    minItems: 1,
    maxItems: 64,
    type: "atomic",
    rules: [programNamed],
  });
}

/** An amount of storage, more than none. */
export function storageSize(description: string) {
  return intOrString({ description, minimum: 1, maxLength: 32, rules: [aSize] });
}

/** The same in an item of a list. */
export function storageSizeOfItem(description: string) {
  return intOrString({ description, minimum: 1, maxLength: 32, pattern: SIZE_PATTERN });
}

const amounts = (description: string) =>
  map(
    intOrString({
      description: "An amount, such as 500m or 2Gi.",
      minimum: 0,
      maxLength: 32,
      pattern: QUANTITY_PATTERN,
    }),
    { description, maxProperties: 16 },
  );

/** CPU, memory and the like, as a container asks for them. */
export function resources(description: string) {
  return object(
    {
      requests: amounts("What the scheduler sets aside for the container, by resource name.").optional(),
      limits: amounts("What the container can use at most, by resource name.").optional(),
    },
    { description, rules: requestsWithinLimits },
  );
}

const condition = object(
  {
    type: text({
      description: "What the condition is about, in PascalCase.",
      minLength: 1,
      maxLength: 316,
      pattern:
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    }),
    status: choice(["True", "False", "Unknown"], "Whether the condition holds."),
    reason: text({
      description: "Why it has that status, as one word in PascalCase. The reference lists all reasons.",
      minLength: 1,
      maxLength: 1024,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    }),
    message: text({ description: "The same for people, and what to do next.", maxLength: 32768 }),
    observedGeneration: integer({
      description: "The metadata.generation that the condition is about.",
      minimum: 0,
      format: "int64",
    }).optional(),
    lastTransitionTime: timestamp("When the status of the condition last changed."),
  },
  { description: "One aspect of the state of the object." },
);

/** `status.conditions`: one for each type. */
export function conditions(types: string) {
  return list(condition, {
    description: `The state of the object in conditions, one for each type: ${types}.`,
    maxItems: 16,
    type: "map",
    keys: ["type"],
  });
}

/** No generation: kstatus takes an object for being at work until its own is observed. */
export const UNSEEN = -1;

/** `status.observedGeneration` */
export const observedGeneration = integer({
  description:
    "The metadata.generation that this status is about. -1 until the operator has seen the object.",
  minimum: UNSEEN,
  format: "int64",
});

/** `maxRunning` of the kinds that limit runs. */
export const maxRunning = (whose: string) =>
  integer({
    description: `Maximum number of ${whose} that are at work at a time. A run counts from its first Job to its end, including retries. The other runs wait as Queued, and the oldest starts next. If you lower the limit, no run is stopped. Default: no limit.`,
    minimum: 1,
    maximum: 100_000,
  });
