/** Go durations (`90s`, `1h30m`), the form of every duration in the API. Source: Go package time. */

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** The seconds of a Go duration, or undefined if the text is none. `0` needs no unit; a sign is allowed. */
export function parseDuration(text: string): number | undefined {
  const [, sign, body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of body.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0);
  }
  // Go counts nanoseconds in an int64: 292 years.
  if (seconds > 9_223_372_036) return undefined;
  return sign === "-" ? -seconds : seconds;
}

function trimZeros(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number of seconds as Go prints it: `1h30m0s`, `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  const nanoseconds = Math.round(Math.abs(seconds) * 1e9);
  if (nanoseconds === 0) return "0s";
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${sign}${trimZeros(nanoseconds / 1e3, 3)}µs`;
  if (nanoseconds < 1e9) return `${sign}${trimZeros(nanoseconds / 1e6, 6)}ms`;
  const whole = Math.floor(nanoseconds / 1e9);
  const rest = trimZeros((whole % 60) + (nanoseconds % 1e9) / 1e9, 9);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${sign}${minutes}m${rest}s` : `${sign}${rest}s`;
}
