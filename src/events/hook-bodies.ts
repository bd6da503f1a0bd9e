import type { IncomingMessage } from "node:http";

/** Why a body was not kept. */
export type BodyProblem = "tooLarge" | "dropped";

/** Reads request bodies into memory, all together within a bound. */
export interface HookBodies {
  /** Reads to the end of the request, so that it can be answered. Rejects if the connection breaks before. */
  read(request: IncomingMessage): Promise<Buffer | BodyProblem>;
}

interface Reading {
  size: number;
  drop: () => void;
}

/** What is still read of a body that is not kept, for its sender to see the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

/**
 * Bodies of at most `most` bytes each and `mostOfAll` together. If they get larger, the one that holds the most is dropped,
 * the oldest of equal ones: so whoever sends many large bodies loses their own, and a small one always finds room.
 */
export function createHookBodies({ most, mostOfAll }: { most: number; mostOfAll: number }): HookBodies {
  const readings = new Set<Reading>();
  let held = 0;
  /** One chunk has come, so that one body less is enough. */
  const makeRoom = (): void => {
    const [first, ...others] = readings;
    if (first && held > mostOfAll) others.reduce((a, b) => (b.size > a.size ? b : a), first).drop();
  };
  return {
    read: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | BodyProblem>();
      let chunks: Buffer[] = [];
      let problem: BodyProblem | undefined;
      let seen = 0;
      const give = (why: BodyProblem | undefined): void => {
        problem ??= why;
        chunks = [];
        if (readings.delete(reading)) held -= reading.size;
      };
      const reading: Reading = { size: 0, drop: () => give("dropped") };
      readings.add(reading);
      if (Number(request.headers["content-length"] ?? 0) > most) give("tooLarge");
      request.on("data", (chunk: Buffer) => {
        // A chunk at a time: who sends fast does not keep others waiting.
        request.pause();
        setImmediate(() => request.resume());
        seen += chunk.length;
        if (seen > MAX_DISCARDED_BYTES) request.destroy();
        if (seen > most) give("tooLarge");
        if (problem) return;
        chunks.push(chunk);
        reading.size += chunk.length;
        held += chunk.length;
        makeRoom();
      });
      request.once("end", () => {
        resolve(problem ?? Buffer.concat(chunks));
        give(undefined);
      });
      request.once("error", reject);
      request.once("close", () => {
        give(undefined);
        reject(new Error("the connection ended before the request"));
      });
      return promise;
    },
  };
}
