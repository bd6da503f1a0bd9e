/** A piece of a line in one colour; `kind` is the grammar's word for it, never the text's. */
export interface Token {
  text: string;
  kind: string;
}

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: "dockerfile",
  containerfile: "dockerfile",
  makefile: "makefile",
};

const BY_ENDING: Readonly<Record<string, string>> = {
  bash: "bash",
  sh: "bash",
  zsh: "bash",
  c: "c",
  h: "c",
  cc: "cpp",
  cpp: "cpp",
  hpp: "cpp",
  cs: "csharp",
  css: "css",
  scss: "css",
  go: "go",
  ini: "ini",
  toml: "ini",
  java: "java",
  js: "javascript",
  cjs: "javascript",
  mjs: "javascript",
  jsx: "javascript",
  json: "json",
  kt: "kotlin",
  kts: "kotlin",
  mk: "makefile",
  md: "markdown",
  php: "php",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sql: "sql",
  ts: "typescript",
  cts: "typescript",
  mts: "typescript",
  tsx: "typescript",
  html: "xml",
  svg: "xml",
  vue: "xml",
  xml: "xml",
  yaml: "yaml",
  yml: "yaml",
};

/** The language that a file is written in, by its name; undefined for one that gets no colours. */
export function languageOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
}
