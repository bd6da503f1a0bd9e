import packageInfo from "../../../package.json" with { type: "json" };
import type { CommandContext } from "../context.ts";

/** Prints the version that package.json holds. */
export async function runVersion({ out }: CommandContext): Promise<number> {
  out.line(`agent-operator ${packageInfo.version}`);
  return 0;
}
