import { isMap, isScalar, parseDocument, type Pair } from "yaml";

/** One value that a user may set. */
interface Value {
  name: string;
  fallback: string;
  description: string;
}

/** The chart's README: its values are those of values.yaml, with the comments there as descriptions. */
export function chartReadme(description: string, valuesYaml: string): string {
  const rows = valuesIn(parseDocument(valuesYaml).contents, "").map(
    ({ name, fallback, description: said }) => {
      if (said === "") throw new Error(`values.yaml: ${name} has no comment`);
      return `| \`${name}\` | \`${fallback}\` | ${said} |`;
    },
  );
  return `# agent-operator

${description}.

\`\`\`sh
helm install agent-operator CHART --namespace agent-operator-system --create-namespace
\`\`\`

The CRDs are upgraded with the chart and stay when it is uninstalled. If you have installed them with kubectl before, add one
of these flags:

- \`--take-ownership\`: the CRDs become the chart's. Helm 4 needs \`--force-conflicts\` too, because from Kubernetes 1.31 on
  the chart's CRDs have selectable fields that those of kubectl lack.
- \`--set crds.install=false\`: the CRDs stay yours.

## Values

| Value | Default | Description |
| --- | --- | --- |
${rows.join("\n")}
`;
}

function valuesIn(contents: unknown, prefix: string): Value[] {
  if (!isMap(contents)) return [];
  return contents.items.flatMap((pair) => valuesOf(pair, prefix));
}

function valuesOf({ key, value }: Pair, prefix: string): Value[] {
  if (!isScalar(key)) throw new Error(`values.yaml: a key below "${prefix}" is no text`);
  const name = `${prefix}${String(key.value)}`;
  if (isMap(value) && value.items.length > 0) {
    const inner = valuesIn(value, `${name}.`);
    // A comment above a group, or above its first value, is about that value.
    const [first, ...rest] = inner;
    if (first === undefined) return [];
    const said = first.description || comment(key.commentBefore ?? value.commentBefore);
    return [{ ...first, description: said }, ...rest];
  }
  const fallback = isScalar(value) ? JSON.stringify(value.value) : String(value);
  return [{ name, fallback, description: comment(key.commentBefore) }];
}

function comment(text: string | null | undefined): string {
  return (text ?? "")
    .split("\n")
    .map((line) => line.trim())
    .join(" ")
    .trim()
    .replaceAll("|", "\\|");
}
