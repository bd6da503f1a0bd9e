import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  branchLimits,
  nextInTurn,
  turnMessage,
  turnOf,
  type Competitor,
  type Limit,
  type Places,
} from "./places.ts";

const config = (maxRunning: number): Limit => ({ kind: "AgentConfig", name: "default", maxRunning });
const provider = (name: string, maxRunning: number): Limit => ({ kind: "AgentProvider", name, maxRunning });
const run = (name: string, second: number, of?: string): Competitor => ({
  name,
  createdAt: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`,
  ...(of !== undefined && { provider: of }),
});

describe("turnOf", () => {
  it("lets the oldest go, by name within a second, and says of the others which place they have", () => {
    const waiting = [run("c", 1), run("b", 1), run("a", 2)];
    const places: Places = { limits: [config(2)], holders: [run("z", 0)], waiting };
    assert.equal(turnOf("b", places), undefined);
    assert.deepEqual(turnOf("c", places), { limit: config(2), place: 2 });
    const turn = turnOf("a", places);
    assert.ok(turn);
    assert.equal(
      turnMessage(turn),
      "AgentConfig default lets 2 runs work at a time (maxRunning); this run has place 3 in the queue",
    );
  });

  it("passes over a run whose provider is full", () => {
    const limits = [config(3), provider("p", 1)];
    const waiting = [run("older", 1, "p"), run("younger", 2, "q")];
    const places: Places = { limits, holders: [run("z", 0, "p")], waiting };
    assert.deepEqual(turnOf("older", places), { limit: provider("p", 1), place: 1 });
    assert.equal(turnOf("younger", places), undefined);
    assert.deepEqual(nextInTurn(places), ["younger"]);
  });

  it("lets one run at a time have a branch, and holds up only those that queue for it", () => {
    const branch = "branch work of AgentWorkspace shared";
    const on = (name: string, second: number, queuesForBranch: boolean): Competitor => ({
      ...run(name, second),
      branch,
      queuesForBranch,
    });
    const waiting = [on("first", 1, true), on("second", 2, true), on("rash", 3, false)];
    const places: Places = { limits: branchLimits(waiting), holders: [], waiting };
    assert.equal(turnOf("first", places), undefined);
    assert.equal(turnOf("rash", places), undefined);
    const turn = turnOf("second", places);
    assert.ok(turn);
    assert.equal(
      turnMessage(turn),
      `another run has ${branch}, which one run uses at a time; this run has place 2 in the queue`,
    );
    assert.equal(turnOf("first", { ...places, holders: [on("z", 0, false)] })?.place, 1);
  });

  it("knows no queue without a limit of its own, and none for who has a place", () => {
    const full = { limits: [provider("p", 1)], holders: [run("z", 0, "p")] };
    assert.equal(turnOf("free", { ...full, waiting: [run("free", 1, "q")] }), undefined);
    assert.equal(turnOf("z", { ...full, waiting: [] }), undefined);
  });
});

/** The same numbers each time, so that a failure can be seen again. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const binds = ({ kind, name }: Limit, each: Competitor): boolean =>
  kind === "AgentConfig" || name === each.provider;

/** Runs come, are planned, end; limits go up, down and away: in one random order for each seed. */
class World {
  readonly random: (below: number) => number;
  limits: Limit[] = [];
  holders: Competitor[] = [];
  waiting: Competitor[] = [];
  #made = 0;

  constructor(seed: number) {
    this.random = numbersFrom(seed);
    this.change();
  }

  change(): void {
    const some = [config(1 + this.random(4)), provider("p", 1 + this.random(3)), provider("q", 1)];
    this.limits = some.filter(() => this.random(3) > 0);
  }

  arrive(): void {
    this.#made += 1;
    const name = `run-${this.random(1_000)}-${this.#made}`;
    this.waiting.push(
      run(name, Math.min(59, Math.floor(this.#made / 4)), ["p", "q", undefined][this.random(3)]),
    );
  }

  /** What the operator does in one reconcile. */
  plan(name: string): void {
    const self = this.waiting.find((each) => each.name === name);
    if (!self || turnOf(name, this)) return;
    for (const limit of this.limits.filter((each) => binds(each, self))) {
      const taken = this.holders.filter((each) => binds(limit, each)).length;
      assert.ok(taken < limit.maxRunning, `${name} goes beyond ${JSON.stringify(limit)}`);
    }
    const older = nextInTurn(this).indexOf(name);
    const isLimited = this.limits.some((limit) => binds(limit, self));
    assert.ok(older >= 0 || !isLimited, `${name} is not in turn`);
    this.waiting = this.waiting.filter((each) => each !== self);
    this.holders.push(self);
  }

  end(): void {
    this.holders.splice(this.random(this.holders.length), 1);
  }

  step(): void {
    const [first] = this.waiting.slice(this.random(this.waiting.length || 1));
    [
      () => this.arrive(),
      () => this.plan(first?.name ?? ""),
      () => this.plan(first?.name ?? ""),
      () => this.end(),
      () => this.random(10) === 0 && this.change(),
    ][this.random(5)]?.();
  }
}

describe("places", () => {
  it("are never given twice, and never kept from who may have one, whatever the order", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const world = new World(seed);
      for (let step = 0; step < 120; step += 1) world.step();
      for (let turns = 0; world.waiting.length > 0; turns += 1) {
        assert.ok(turns < 400, `seed ${seed}: ${world.waiting.length} runs wait for ever`);
        const unbound = world.waiting.filter((each) => !world.limits.some((limit) => binds(limit, each)));
        for (const name of [...nextInTurn(world), ...unbound.map((each) => each.name)]) world.plan(name);
        world.end();
      }
    }
  });

  it("go to the oldest of each limit first", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const world = new World(seed);
      world.limits = [config(2)];
      for (let made = 0; made < 30; made += 1) world.arrive();
      const started: string[] = [];
      const expected = world.waiting
        .toSorted((a, b) => (a.createdAt + a.name < b.createdAt + b.name ? -1 : 1))
        .map(({ name }) => name);
      while (world.waiting.length > 0) {
        const before = new Set(world.holders);
        // In whatever order the operator comes to them.
        for (const { name } of world.waiting.toReversed()) world.plan(name);
        started.push(
          ...world.holders
            .filter((each) => !before.has(each))
            .map(({ name }) => name)
            .toSorted(),
        );
        world.end();
      }
      assert.deepEqual(started.slice(2), expected.slice(2));
    }
  });
});
