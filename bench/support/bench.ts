import type { ImageSettings } from "./image-settings.ts";
import type { BenchCluster } from "./cluster.ts";

/** What every part of the benchmark works with. */
export interface Bench {
  /** Root of the project. */
  readonly root: string;
  /** A directory that is removed at the end. */
  readonly scratch: string;
  /** The operator's program, as its image holds it. */
  readonly program: string;
  /** The environment and Node's options that the operator's image sets. */
  readonly shipped: ImageSettings;
  /** More options of Node's for the operator's process, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
  readonly cluster: BenchCluster;
  /** Says on standard error what goes on. */
  tell(line: string): void;
}
