import { object } from "../schema/fields.ts";
import { argv, duration } from "./common.ts";

/** `setup` of a run, of a workspace, and the default of a namespace. */
export function setup(description: string) {
  return object(
    {
      command: argv(
        "Program that prepares the checkout, such as [npm, ci], and its arguments, one in each item. It runs in the folder that the agent works in. No shell reads it, and nothing in it is expanded.",
      ),
      timeout: duration("Time limit of the program. Default: 15m.").optional(),
    },
    { description },
  );
}
