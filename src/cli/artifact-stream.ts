import { gunzipSync } from "node:zlib";

/** A run's files by name; undefined for one that the claim does not hold. */
export interface FetchedArtifacts {
  files: ReadonlyMap<string, Buffer | undefined>;
  /** Names of those of which only the beginning was sent, because they are so large. */
  cut: readonly string[];
}

/**
 * Reads the log of an artifacts pod (scripts/artifacts.sh). Throws if it breaks off, or if what
 * arrived is not what was sent.
 */
export function readArtifacts(log: string, wanted: readonly string[], maxBytes?: number): FetchedArtifacts {
  const files = new Map<string, Buffer | undefined>();
  const cut: string[] = [];
  let lines: string[] = [];
  for (const line of log.split("\n")) {
    const [word, name = ""] = line.split(" ");
    if (word === "agent-operator-file") lines = [];
    else if (word === "agent-operator-missing") files.set(name, undefined);
    else if (word === "agent-operator-cut") cut.push(name);
    else if (word === "agent-operator-end") files.set(name, unpack(name, lines, maxBytes));
    else lines.push(line);
  }
  for (const name of wanted) {
    if (!files.has(name)) throw new Error(`the pod ended before it had sent the ${name}: ${log.slice(-500)}`);
  }
  return { files, cut };
}

/** gzip's own checksum shows whether anything was lost on the way. */
function unpack(name: string, lines: readonly string[], maxBytes: number | undefined): Buffer {
  try {
    return gunzipSync(
      Buffer.from(lines.join(""), "base64"),
      maxBytes === undefined ? {} : { maxOutputLength: maxBytes },
    );
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge([name]);
    throw new Error(`the ${name} did not arrive whole; try again`, { cause: error });
  }
}

/** That what was asked for is more than the caller takes. */
export function tooLarge(wanted: readonly string[]): Error {
  return new Error(
    `the ${wanted.join(", ")} is too large to be shown here; \`agent-operator artifacts\` fetches it`,
  );
}
