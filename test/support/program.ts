import { join } from "node:path";
import { projectRoot } from "./project-files.ts";

/** The executable of this package; run it with `process.execPath`. */
export const programPath = join(projectRoot, "src", "cli", "main.ts");
