import { Cron } from "croner";

/** Times by a cron expression, as Kubernetes' CronJobs have them. Milliseconds since the epoch. */
export interface CronTimes {
  /** The first time after this one; undefined if there is none, as on 31 February. */
  next(after: number): number | undefined;
}

const MACROS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** No zone has ever moved its clocks by more in a night. */
const LARGEST_SHIFT_MS = 3 * 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Throws an Error that says what is wrong with the expression or the zone. A time that the clocks of the zone skip is
 * none; one that they have twice is two, as in Kubernetes.
 */
export function cronTimes(expression: string, timeZone: string): CronTimes {
  const zone = zoneOf(timeZone);
  const pattern = MACROS[expression] ?? expression;
  const [, , days = "", , weekdays = ""] = pattern.split(/\s+/);
  // If one of the two is not restricted, both have to match; else one of them is enough.
  const domAndDow = /^[*?]/.test(days) || /^[*?]/.test(weekdays);
  const walls = new Cron(pattern, {
    paused: true,
    timezone: "UTC",
    mode: "5-part",
    sloppyRanges: true,
    domAndDow,
  });
  const nextWall = (after: number) => walls.nextRun(new Date(after))?.getTime();

  /** Where the clocks may be moved near `after`, times that they have twice come out of order. */
  function nextAmongShifts(after: number): number | undefined {
    const found: number[] = [];
    const until = zone.wallOf(after) + 2 * LARGEST_SHIFT_MS;
    let wall = nextWall(zone.wallOf(after) - LARGEST_SHIFT_MS);
    for (; wall !== undefined && wall <= until; wall = nextWall(wall)) {
      found.push(...zone.instantsOf(wall).filter((instant) => instant > after));
    }
    return found.length > 0 ? Math.min(...found) : undefined;
  }

  return {
    next(after) {
      if (zone.isMovedNear(after)) {
        const found = nextAmongShifts(after);
        if (found !== undefined) return found;
      }
      for (let wall = nextWall(zone.wallOf(after)); wall !== undefined; wall = nextWall(wall)) {
        const instants = zone.instantsOf(wall).filter((instant) => instant > after);
        if (instants.length > 0) return Math.min(...instants);
      }
      return undefined;
    },
  };
}

/** What the clocks of a zone show, as the milliseconds at which they would show it in UTC. */
interface Zone {
  wallOf(instant: number): number;
  /** When the clocks show this: never, once or twice. */
  instantsOf(wall: number): number[];
  isMovedNear(instant: number): boolean;
}

function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const wallOf = (instant: number): number => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  };
  const offsetAt = (instant: number): number => wallOf(instant) - Math.floor(instant / 1_000) * 1_000;
  return {
    wallOf,
    instantsOf: (wall) => {
      const offsets = new Set([offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)]);
      return [...offsets].map((offset) => wall - offset).filter((instant) => wallOf(instant) === wall);
    },
    isMovedNear: (instant) =>
      offsetAt(instant - LARGEST_SHIFT_MS) !== offsetAt(instant) ||
      offsetAt(instant + LARGEST_SHIFT_MS) !== offsetAt(instant),
  };
}
