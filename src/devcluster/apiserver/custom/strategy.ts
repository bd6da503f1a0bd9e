import type { JsonObject } from "../builtin/decode.ts";
import { itemsOf, partOf, textOf } from "../objects.ts";
import type { Strategy } from "../resource.ts";

/** What is particular to CustomResourceDefinitions. */
export const definitionStrategy: Partial<Strategy> = {
  setDefaults(definition) {
    const spec = definition["spec"] as JsonObject;
    const names = spec["names"] as JsonObject;
    names["listKind"] ??= `${textOf(names, "kind")}List`;
    names["singular"] ??= textOf(names, "kind").toLowerCase();
    spec["conversion"] ??= { strategy: "None" };
  },
  prepareForCreate(definition) {
    const storage = itemsOf(partOf(definition, "spec"), "versions").find(
      (version) => version["storage"] === true,
    );
    definition["status"] = {
      conditions: null,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: storage === undefined ? null : [textOf(storage, "name")],
    };
  },
};
