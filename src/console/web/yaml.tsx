import { useEffect, useState } from "preact/hooks";
import { Hostile } from "./text.tsx";

/** A value as YAML. */
export function Yaml({ value }: { value: unknown }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let isCurrent = true;
    void toYaml(value).then((made) => isCurrent && setText(made));
    return () => void (isCurrent = false);
  }, [value]);
  return (
    <pre>
      <Hostile text={text} lines />
    </pre>
  );
}

/** What writes YAML is loaded when it is first needed. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** The value of one YAML document. Rejects, with the line, if it is none. */
export async function fromYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  return parse(text, { maxAliasCount: 20, prettyErrors: true });
}
