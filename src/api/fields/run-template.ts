import { map, object, text } from "../schema/fields.ts";

const entries = (what: string) =>
  map(text({ description: "Its value.", maxLength: 4096 }), { description: what, maxProperties: 32 });

/** `runTemplate.metadata` of what creates runs. */
export const runMetadata = object(
  {
    labels: entries("Labels of each run.").optional(),
    annotations: entries("Annotations of each run.").optional(),
  },
  { description: "Metadata of each run." },
);
