import { isObject } from "../../kube/json.ts";

/** Of the JSON of an event, as an agent finds it in a ConfigMap. */
const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 64;
/** From one to the next until it fits. */
const BOUNDS: readonly { text: number; items: number }[] = [
  { text: 64 * 1024, items: 2_048 },
  { text: 16 * 1024, items: 512 },
  { text: 4 * 1024, items: 128 },
  { text: 1_024, items: 32 },
  { text: 256, items: 8 },
  { text: 64, items: 2 },
];

/** The same event with long texts cut and marked, and with long lists shortened, until its JSON has 256 KiB at most; undefined if that cannot be. */
export function cutEvent(event: unknown): unknown {
  for (const bounds of BOUNDS) {
    const cut = cutValue(event, bounds, MAX_DEPTH);
    if (new TextEncoder().encode(JSON.stringify(cut)).length <= MAX_BYTES) return cut;
  }
  return undefined;
}

function cutValue(value: unknown, bounds: { text: number; items: number }, depth: number): unknown {
  if (typeof value === "string")
    return value.length <= bounds.text
      ? value.toWellFormed()
      : `${value.slice(0, bounds.text).toWellFormed()} [cut]`;
  if (depth === 0) return null;
  if (Array.isArray(value))
    return value.slice(0, bounds.items).map((each) => cutValue(each, bounds, depth - 1));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).slice(0, 4 * bounds.items);
  return Object.fromEntries(
    entries.map(([key, each]) => [key.slice(0, 256), cutValue(each, bounds, depth - 1)]),
  );
}
