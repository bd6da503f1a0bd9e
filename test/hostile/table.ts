/** What an entry of a table is: text that somebody sends, a repository, or a program in an agent's place. */
export type HostileKind = "input" | "repository" | "agent";

/** One hostile repository or agent. */
export interface HostileCase {
  readonly name: string;
  /** Makes it in its own empty directory. */
  make(directory: string): Promise<void>;
}

/**
 * Hostile things of one kind, and what must not happen with any of them. A file in tables/ exports one as
 * `table`; the runner finds it by its place.
 */
export interface HostileTable {
  readonly name: string;
  readonly kind: HostileKind;
  /** What must not happen, as one sentence. */
  readonly never: string;
  /** How many there are in all. */
  readonly count: number;
  /** How many of them `npm test` tries: their time together stays far below a minute. */
  readonly sample: number;
  /** How many are tried together, in one directory. */
  readonly batch: number;
  /** Seconds that one batch may take. */
  readonly batchSeconds: number;
  /**
   * Tries the entries of these numbers, from 0, in an empty directory; the same number and seed are the same
   * entry. Resolves to a line for each time that happened what must not: its name and what was seen.
   */
  attack(numbers: readonly number[], place: HostilePlace): Promise<string[]>;
}

export interface HostilePlace {
  readonly directory: string;
  readonly seed: number;
  /** Aborted when the batch has had its time: end what was started. */
  readonly signal: AbortSignal;
}

/** A table of texts that are made from random numbers and judged many at a time. */
export function inputTable<T>(
  table: Pick<HostileTable, "name" | "never" | "count" | "sample"> & {
    generate: (random: Random, number: number) => T;
    judge: (inputs: readonly T[], place: HostilePlace) => Promise<string[]>;
  },
): HostileTable {
  const { generate, judge, ...rest } = table;
  return {
    ...rest,
    kind: "input",
    batch: 500,
    batchSeconds: 60,
    attack: (numbers, place) =>
      judge(
        numbers.map((number) => generate(createRandom(place.seed * 1_000_003 + number), number)),
        place,
      ),
  };
}

/** A table of repositories or agents, each made and judged in its own directory. */
export function caseTable<T extends HostileCase>(
  table: Pick<HostileTable, "name" | "never" | "sample"> & {
    kind: "repository" | "agent";
    cases: readonly T[];
    secondsEach?: number;
    /** What was seen that must not happen; empty if nothing. */
    judge: (hostile: T, place: HostilePlace) => Promise<string[]>;
  },
): HostileTable {
  const { cases, judge, secondsEach = 60, ...rest } = table;
  return {
    ...rest,
    count: cases.length,
    batch: 1,
    batchSeconds: secondsEach,
    async attack([number = 0], place) {
      const hostile = cases[number];
      if (hostile === undefined) throw new Error(`${table.name} has no entry ${number}`);
      await hostile.make(place.directory);
      const seen = await judge(hostile, place);
      return seen.map((what) => `${hostile.name}: ${what}`);
    },
  };
}

/** Random numbers that a seed decides. */
export interface Random {
  /** A whole number from 0, below `limit`. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  /** `least` to `most` picks, joined. */
  text(items: readonly string[], least: number, most: number): string;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  return {
    below,
    pick,
    text: (items, least, most) =>
      Array.from({ length: least + below(most - least + 1) }, () => pick(items)).join(""),
  };
}
