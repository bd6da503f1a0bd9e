/**
 * The paths of fields that JSON text sets more than once, as `spec.containers[0].image`, each once. Text
 * that is no JSON has none: whoever parses it says so.
 */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  const open: Place[] = [];
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g);
  let last = "";
  for (const [token] of tokens) {
    const place = open.at(-1);
    if (token === "{" || token === "[") {
      open.push({
        path: place === undefined ? "" : pathIn(place),
        isList: token === "[",
        index: 0,
        key: "",
        keys: new Set(),
      });
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (place !== undefined && token === "," && place.isList) {
      place.index += 1;
    } else if (place !== undefined && token === ":" && last.startsWith('"')) {
      place.key = readText(last);
      if (place.keys.has(place.key)) found.add(pathIn(place));
      place.keys.add(place.key);
    }
    last = token;
  }
  return [...found];
}

/** An object or a list that is being read. */
interface Place {
  readonly path: string;
  readonly isList: boolean;
  readonly keys: Set<string>;
  index: number;
  key: string;
}

function pathIn({ path, isList, index, key }: Place): string {
  if (isList) return `${path}[${index}]`;
  return path === "" ? key : `${path}.${key}`;
}

function readText(quoted: string): string {
  return quoted.includes("\\") ? quoted : quoted.slice(1, -1);
}
