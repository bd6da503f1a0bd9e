import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import type { HostileTable } from "./table.ts";

/** The tables of tables/, in the order of their file names. */
export async function readTables(): Promise<HostileTable[]> {
  const folder = join(import.meta.dirname, "tables");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const { table } = (await import(join(folder, file))) as { table?: HostileTable };
      if (table === undefined) throw new Error(`test/hostile/tables/${file} exports no table`);
      return table;
    }),
  );
}

/** The numbers of the entries that are tried: all, or a sample that is spread over them. */
export function numbersOf({ count, sample }: HostileTable, all: boolean): number[] {
  const tried = all ? count : Math.min(sample, count);
  return Array.from({ length: tried }, (_, index) => Math.floor((index * count) / tried));
}

/** Tries the entries of a table, batch after batch. Resolves to a line for each time that a promise was broken. */
export async function attack(
  table: HostileTable,
  { all, seed, progress }: { all: boolean; seed: number; progress?: (tried: number, of: number) => void },
): Promise<string[]> {
  const numbers = numbersOf(table, all);
  const broken: string[] = [];
  for (let start = 0; start < numbers.length; start += table.batch) {
    const batch = numbers.slice(start, start + table.batch);
    broken.push(...(await attackBatch(table, batch, seed)));
    progress?.(start + batch.length, numbers.length);
  }
  return broken;
}

async function attackBatch(table: HostileTable, numbers: readonly number[], seed: number): Promise<string[]> {
  await using directory = await temporaryDirectory();
  const ended = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(table.batchSeconds * 1000), ended.signal]);
  // A little more time for what ends at the signal to say so.
  const late = delay(table.batchSeconds * 1100, undefined, { signal: ended.signal }).then(() => [
    `no answer within ${table.batchSeconds} s`,
  ]);
  late.catch(() => {});
  try {
    const place = { directory: directory.path, seed, signal };
    return (await Promise.race([table.attack(numbers, place), late])).map((line) => shown(numbers, line));
  } catch (error) {
    return [shown(numbers, `ended with an error: ${error instanceof Error ? error.message : String(error)}`)];
  } finally {
    ended.abort();
  }
}

/** Never more than a line, and nothing that a terminal would obey: what was tried is hostile. */
function shown([first = 0, ...others]: readonly number[], line: string): string {
  const last = others.at(-1);
  const text = line.replaceAll(/[^\x20-\x7e]/g, (character) => JSON.stringify(character).slice(1, -1));
  const plain = text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 500);
  return `${first}${last === undefined ? "" : `-${last}`}: ${plain}`;
}
