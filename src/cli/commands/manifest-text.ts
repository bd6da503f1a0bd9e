import { parseAllDocuments } from "yaml";
import { isObject } from "../../kube/json.ts";
import { AS_GO_READS } from "../../kube/yaml.ts";

/**
 * The objects of a text as kubectl reads them: YAML 1.1 or JSON, several documents, Lists taken apart. Throws
 * an Error that names `file` and the line if the text is no YAML.
 */
export function objectsIn(text: string, file: string): Record<string, unknown>[] {
  const documents = parseAllDocuments(text, AS_GO_READS);
  const problem = documents.flatMap(({ errors }) => errors)[0];
  // Only its code and place: the parser's message quotes the line, which may be a Secret's.
  if (problem !== undefined)
    throw new Error(`${file} is no valid YAML at line ${problem.linePos?.[0].line} (${problem.code})`);
  return documents.flatMap((document) => listed(document.toJS()));
}

function listed(value: unknown): Record<string, unknown>[] {
  if (!isObject(value)) return [];
  const items = value["kind"] === "List" ? value["items"] : undefined;
  return Array.isArray(items) ? items.flatMap(listed) : [value];
}
