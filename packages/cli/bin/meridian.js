#!/usr/bin/env node
import module from "node:module";

// Compiled code of earlier runs halves the start-up where Node can keep it (22.1 and later).
module.enableCompileCache?.();

const { main } = await import("../dist/main.js");
await main(process.argv.slice(2));
