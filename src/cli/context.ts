import type { Config } from "./config.ts";
import type { Output } from "./output.ts";
import type { Stop } from "./stop.ts";

/** What every command is given. */
export interface CommandContext {
  readonly config: Config;
  readonly out: Output;
  readonly stop: Stop;
}
