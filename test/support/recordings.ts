import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { KubeObject } from "../../src/kube/objects.ts";
import { projectRoot } from "./project-files.ts";

/** What a real node wrote in one scenario; test/fixtures/kubelet/README.md says what each field means. */
export interface Recording {
  scenario: string;
  what: string;
  created: { ms: number; object: KubeObject }[];
  actions: { ms: number; action: string; request?: unknown; response?: unknown }[];
  reads: LogRead[];
  sequence: RecordedEvent[];
}

/** A container's log as the API server answered it. */
export interface LogRead {
  ms: number;
  when: string;
  pod: string;
  container: string;
  status: number;
  text: string;
}

/** One event of a watch. `object` is null, or a Status, where the watch itself broke or was resumed. */
export interface RecordedEvent {
  ms: number;
  resource: string;
  type: string;
  object: RecordedObject | null;
}

export type RecordedObject = KubeObject & { spec?: object; status?: object };

const DIRECTORY = join(projectRoot, "test/fixtures/kubelet");
const SUFFIX = ".json.gz";

/** The scenarios that are recorded. */
export function recordedScenarios(): string[] {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(SUFFIX));
  return files.map((name) => name.slice(0, -SUFFIX.length)).toSorted();
}

/** One of them, with every object whole. `names` are put in place of `{{ns}}`, `{{node}}` and others. */
export function readRecording(scenario: string, names: Readonly<Record<string, string>> = {}): Recording {
  let text = gunzipSync(readFileSync(join(DIRECTORY, `${scenario}${SUFFIX}`))).toString("utf8");
  for (const [name, value] of Object.entries(names)) text = text.replaceAll(`{{${name}}}`, value);
  const recording = JSON.parse(text) as Recording & { sequence: (RecordedEvent & { same?: string[] })[] };
  const known = new Map<string, RecordedObject>();
  for (const { resource, object, same = [] } of recording.sequence) {
    // A 410 comes as a Status, without metadata.
    if (object?.metadata === undefined) continue;
    const key = `${resource}/${object.metadata.uid}`;
    const before = known.get(key);
    for (const path of before ? same : []) takeOver(path, before ?? object, object);
    known.set(key, object);
  }
  return recording;
}

/** `spec` or `metadata.NAME` of the object's event before. */
function takeOver(path: string, from: RecordedObject, to: RecordedObject): void {
  const name = path.replace(/^metadata\./, "");
  const [source, target] = name === path ? [from, to] : [from.metadata, to.metadata];
  Object.assign(target, { [name]: Reflect.get(source, name) });
}
