import { invalid } from "../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt, type JsonObject } from "../../../kube/json.ts";
import { crdNameErrors, defaultCrd, validateCrd } from "../definitions/crd.ts";
import type { Strategy } from "./resource.ts";

/** What is particular to CustomResourceDefinitions, of which the versions `judged` are known to be right. */
export const definitionStrategy = (judged: JsonObject[]): Partial<Strategy> => ({
  setDefaults(definition) {
    definition["spec"] = defaultCrd(definition)["spec"];
  },
  prepareForCreate(definition) {
    const storage = storageVersion(definition);
    definition["status"] = {
      conditions: null,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: storage === undefined ? null : [storage],
    };
  },
  prepareForUpdate(definition) {
    const status: MutableObject = objectAt(definition, "status");
    const stored = Array.isArray(status["storedVersions"]) ? status["storedVersions"].map(String) : [];
    const storage = storageVersion(definition);
    if (storage !== undefined && !stored.includes(storage)) status["storedVersions"] = [...stored, storage];
  },
  // A definition's own name says what it defines; `validate` says what it must look like.
  validateName: () => [],
  validate(definition) {
    const name = metaOf(definition).name ?? "";
    const names = crdNameErrors(definition, name).map((detail) => invalid("metadata.name", name, detail));
    return [...names, ...validateCrd(definition, undefined, judged)];
  },
  validateUpdate: (definition, old) => validateCrd(definition, old, judged),
});

function storageVersion(definition: MutableObject): string | undefined {
  const versions = objectsAt(objectAt(definition, "spec"), "versions");
  const storage = versions.find((version) => version["storage"] === true);
  return storage === undefined ? undefined : textAt(storage, "name");
}
