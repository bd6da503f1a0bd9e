#!/usr/bin/env node
import { shippedCommands } from "./shipped-commands.ts";
import { startProgram } from "./start.ts";

// Only ever started from a bundle, which has config/ beside it.
await startProgram(shippedCommands, import.meta.dirname);
