import { isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Document } from "yaml";
import { AS_GO_READS } from "../../../kube/yaml.ts";
import { duplicateFields } from "../answers/duplicate-fields.ts";
import { badRequest } from "../answers/status-error.ts";

/** A YAML text (or JSON, which is a part of it), read. */
export interface YamlText {
  /** Of keys that are set more than once, the last counts. */
  readonly value: unknown;
  /** Those keys, as Go's decoder says it: `yaml: unmarshal errors:` and a line for each; or nothing. */
  complaints(): string[];
}

/** How often a text may come back to what it has named before; more would be an attack. */
const MOST_ALIASES = 100;

/** Reads YAML; throws 400 in the server's words. */
export function readYaml(text: string): YamlText {
  try {
    // Most of what is sent as YAML is JSON, which is read much faster.
    const value: unknown = JSON.parse(text);
    return {
      value,
      complaints: () => (duplicateFields(text).length === 0 ? [] : parseText(text).complaints()),
    };
  } catch {
    return parseText(text);
  }
}

function parseText(text: string): YamlText {
  const lines = new LineCounter();
  try {
    // The library would compare every key with every other.
    // Of several documents only the first counts.
    const document = parseDocument(text, { ...AS_GO_READS, lineCounter: lines, uniqueKeys: false });
    const error = document.errors.find(({ code }) => code !== "MULTIPLE_DOCS");
    if (error !== undefined) throw error;
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { value, complaints: () => repeatedKeys(document, lines) };
  } catch (error) {
    throw badRequest(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function repeatedKeys(document: Document.Parsed, lines: LineCounter): string[] {
  const repeated: { line: number; key: unknown }[] = [];
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const { line } = lines.linePos(key.range?.[0] ?? 0);
        if (keys.has(key.value)) repeated.push({ line, key: key.value });
        keys.add(key.value);
      }
    },
  });
  if (repeated.length === 0) return [];
  const found = repeated
    .sort((a, b) => a.line - b.line)
    .map(({ line, key }) => `line ${line}: key ${JSON.stringify(key)} already set in map`);
  return [["yaml: unmarshal errors:", ...found].join("\n  ")];
}
