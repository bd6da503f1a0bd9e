#!/usr/bin/env node
// JavaScript, so that what strips types is loaded only if something has changed since the last start: it costs 18 MiB.
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// It is WebAssembly, and 13 MiB more once V8 optimizes it, which takes longer than what it has to do here.
setFlagsFromString("--wasm-tiering-budget=2000000000");
enableCompileCache(join(import.meta.dirname, "..", "..", "node_modules", ".cache", "agent-operator-code"));
await import("./main.ts");
