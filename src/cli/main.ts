#!/usr/bin/env node
import { join } from "node:path";
import { commands } from "./commands.ts";
import { startProgram } from "./start.ts";

await startProgram(
  commands,
  join(import.meta.dirname, "..", ".."),
  async () => (await import("./commands/run-local.ts")).runLocally,
);
