#!/usr/bin/env node
// Node 22 knows no AsyncDisposableStack.
import "core-js/actual/async-disposable-stack/index.js";
import { commands, local } from "./commands.ts";
import { startProgram } from "./start.ts";

// Only ever started from the npm package, whose assets are beside this file.
await startProgram(commands, import.meta.dirname, local);
