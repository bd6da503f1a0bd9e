import { openSync, writeSync } from "node:fs";
import { openStore } from "../../src/devcluster/apiserver/storage/store.ts";

/**
 * Writes until it is killed. A line in FILE for each step: `+NAME VERSION` when an object is acknowledged,
 * `-NAME` when its removal begins, `!NAME VERSION` when that is acknowledged.
 */
const [dataDir = "", prefix = "", file = ""] = process.argv.slice(2);
// Standard output may still hold lines when the kill comes; what is in a file stays.
const steps = openSync(file, "w");
// So small that the log is written anew all the time: a kill hits that too.
const store = await openStore(dataDir, 32 * 1024);

async function write(writer: number): Promise<never> {
  for (let index = 0; ; index++) {
    const name = `${prefix}-${writer}-${index}`;
    const length = (index * 37) % 900;
    const stored = await store.put("things", {
      namespace: "",
      name,
      uid: name,
      labels: undefined,
      json: (version) =>
        JSON.stringify({
          metadata: { name, uid: name, resourceVersion: String(version) },
          text: "x".repeat(length),
          length,
        }),
    });
    writeSync(steps, `+${name} ${stored.version}\n`);
    // Most objects go again, so that the log stays small.
    if (index < 2) continue;
    const old = `${prefix}-${writer}-${index - 2}`;
    writeSync(steps, `-${old}\n`);
    const removed = await store.remove("things", old);
    writeSync(steps, `!${old} ${removed?.version}\n`);
  }
}

process.stdout.write("writing\n");
await Promise.all([write(0), write(1), write(2), write(3)]);
