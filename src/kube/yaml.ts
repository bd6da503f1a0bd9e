import type { DocumentOptions, ParseOptions, SchemaOptions } from "yaml";

/**
 * Options with which the yaml library reads a text as kubectl, helm and the API server do: YAML 1.1, where
 * `yes` and `on` are true and `<<` merges, but times stay texts. Source: sigs.k8s.io/yaml.
 */
export const AS_GO_READS: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: "yaml-1.1",
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === "string" || (tag.format !== "TIME" && !tag.tag.endsWith(":timestamp")),
    ),
};
