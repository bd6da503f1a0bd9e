#!/usr/bin/env node
import { join } from "node:path";
import { commands, local } from "./commands.ts";
import { startProgram } from "./start.ts";

await startProgram(commands, join(import.meta.dirname, "..", ".."), local);
