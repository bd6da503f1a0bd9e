import { createLowlight } from "lowlight";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import type { Token } from "./language.ts";

interface Node {
  value?: unknown;
  properties?: { className?: unknown };
  children?: readonly Node[];
}

const known = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  makefile,
  markdown,
  php,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});

/** The text's lines as tokens, in the language; a tree of plain objects is what the library makes, and no HTML. */
export function tokensOf(text: string, language: string): Token[][] {
  const lines: Token[][] = [[]];
  walk(known.highlight(language, text) as Node, "", (piece, kind) => {
    const [first = "", ...more] = piece.split("\n");
    lines.at(-1)?.push({ text: first, kind });
    for (const line of more) lines.push([{ text: line, kind }]);
  });
  return lines;
}

function walk(node: Node, kind: string, found: (text: string, kind: string) => void): void {
  if (typeof node.value === "string") return found(node.value, kind);
  const { className } = node.properties ?? {};
  const [own] = Array.isArray(className) ? (className as unknown[]) : [];
  for (const child of node.children ?? []) walk(child, typeof own === "string" ? own : kind, found);
}
