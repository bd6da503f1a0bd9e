import type { ServedGroups } from "../answers/discovery.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt, type JsonObject } from "../../../kube/json.ts";
import { timestamp } from "../../../kube/time.ts";
import { declare } from "./builtin-resources.ts";
import { definitionStrategy } from "./definition-strategy.ts";
import { storageKey, type Resource } from "./resource.ts";
import type { GoTypes } from "./types/notation.ts";

function condition(
  type: string,
  status: string,
  reason: string,
  message: string,
  lastTransitionTime: string,
): MutableObject {
  return { type, status, lastTransitionTime, reason, message };
}

/** A name of a definition that another resource has. */
interface TakenName {
  reason: string;
  message: string;
}

/** Which of a definition's names another resource of its group has, if one has. */
function takenName(
  groups: ServedGroups,
  group: string,
  plural: string,
  names: MutableObject,
): TakenName | undefined {
  const others = [...(groups.get(group)?.values() ?? [])]
    .flat()
    .filter((resource) => resource.plural !== plural);
  const own = [textAt(names, "singular"), ...textsOf(names["shortNames"])];
  for (const other of others) {
    const held = [other.plural, other.singular, ...other.shortNames];
    const name = own.find((candidate) => held.includes(candidate));
    if (name !== undefined) {
      return { reason: "ShortNamesConflict", message: `${JSON.stringify(name)} is already in use` };
    }
    if (other.kind === textAt(names, "kind")) {
      return { reason: "KindConflict", message: `${JSON.stringify(other.kind)} is already in use` };
    }
  }
  return undefined;
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** Whether what a definition defines is served. */
export function isEstablished(definition: MutableObject): boolean {
  return objectsAt(objectAt(definition, "status"), "conditions").some(
    (condition) => condition["type"] === "Established" && condition["status"] === "True",
  );
}

/** The resource of CustomResourceDefinitions; schemas of `known` ones are not judged again. */
export function definitionResource(types: GoTypes, known: readonly JsonObject[]): Resource {
  return declare(types, {
    group: "apiextensions.k8s.io",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    clusterScoped: true,
    short: ["crd", "crds"],
    categories: ["api-extensions"],
    status: true,
    strategy: {
      ...definitionStrategy(known.flatMap((each) => objectsAt(objectAt(each, "spec"), "versions"))),
      generation: true,
      unconditionalUpdate: false,
      beginDeletion(definition, now) {
        const meta = metaOf(definition);
        const status: MutableObject = objectAt(definition, "status");
        status["conditions"] = [
          ...objectsAt(status, "conditions"),
          condition(
            "Terminating",
            "True",
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            timestamp(now),
          ),
        ];
        if (!meta.finalizers?.includes(CLEANUP)) meta.finalizers = [...(meta.finalizers ?? []), CLEANUP];
        return true;
      },
    },
  });
}

/** Holds a definition until its objects are gone. */
const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

/** A definition that has been judged: its names are accepted and served, unless another resource has one. */
export function withJudgedNames(definition: MutableObject, groups: ServedGroups, now: string): MutableObject {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const taken = takenName(groups, textAt(spec, "group"), textAt(names, "plural"), names);
  const status = { ...objectAt(definition, "status"), conditions: nameConditions(taken, now) };
  return {
    ...definition,
    status: taken === undefined ? { ...status, acceptedNames: names } : status,
  };
}

/** A definition that nothing of what it defines holds any more. */
export function released(definition: MutableObject): MutableObject {
  const meta = metaOf(definition);
  const finalizers = (meta.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
  return { ...definition, metadata: { ...meta, finalizers } };
}

/** Whether it is open yet if the names of a definition are accepted. */
export function isToBeJudged(definition: MutableObject): boolean {
  return metaOf(definition).deletionTimestamp === undefined && !isEstablished(definition);
}

/** Whether the objects of a definition are to be deleted with it. */
export function isTerminating(definition: MutableObject): boolean {
  const { deletionTimestamp, finalizers } = metaOf(definition);
  return deletionTimestamp !== undefined && finalizers?.includes(CLEANUP) === true;
}

/** The key of the table of what a definition defines. */
export function definedStorage(definition: MutableObject): string {
  const spec = objectAt(definition, "spec");
  return storageKey(textAt(spec, "group"), textAt(objectAt(spec, "names"), "plural"));
}

/** The conditions of a definition whose names are free (`taken` undefined), or are not. */
function nameConditions(taken: TakenName | undefined, now: string): MutableObject[] {
  return taken === undefined
    ? [
        condition("NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
        condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now),
      ]
    : [
        condition("NamesAccepted", "False", taken.reason, taken.message, now),
        condition("Established", "False", "NotAccepted", "not all names are accepted", now),
      ];
}
