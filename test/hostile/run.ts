import { parseArgs } from "node:util";
import { attack, numbersOf, readTables } from "./attack.ts";
import type { HostileTable } from "./table.ts";

const LEAST_INPUTS = 10_000;
const LEAST_CASES = 100;
const USAGE = "usage: npm run test:hostile -- [--sample] [--seed NUMBER] [--only PART-OF-A-TABLE'S-NAME]\n";

/** Tries every hostile thing on the product and says how far it is. Exit code 1: a promise was broken. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sample: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const tables = (await readTables()).filter(({ name }) => name.includes(values.only));
  const all = !values.sample;
  let broken = 0;
  for (const table of tables) broken += await attackTable(table, { all, seed });
  const total = (isCounted: (table: HostileTable) => boolean): number =>
    tables.filter(isCounted).reduce((sum, table) => sum + numbersOf(table, all).length, 0);
  const inputs = total(({ kind }) => kind === "input");
  const cases = total(({ kind }) => kind !== "input");
  process.stdout.write(`${inputs} inputs, ${cases} repositories and agents: ${broken} broken promises\n`);
  const isShort = all && values.only === "" && (inputs < LEAST_INPUTS || cases < LEAST_CASES);
  if (isShort) process.stdout.write(`fewer than ${LEAST_INPUTS} inputs or ${LEAST_CASES} others\n`);
  return broken > 0 || isShort ? 1 : 0;
}

async function attackTable(table: HostileTable, how: { all: boolean; seed: number }): Promise<number> {
  const started = performance.now();
  let next = 0.1;
  process.stdout.write(`${table.name}\n`);
  const broken = await attack(table, {
    ...how,
    progress(tried, of) {
      if (tried < of && tried / of < next) return;
      next = tried / of + 0.1;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`  ${tried} of ${of} in ${seconds} s\n`);
    },
  });
  for (const line of broken) process.stdout.write(`  BROKEN ${table.never} ${line}\n`);
  return broken.length;
}

process.exitCode = await main();
