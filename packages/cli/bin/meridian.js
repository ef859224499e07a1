#!/usr/bin/env node
import { existsSync } from "node:fs";
import module from "node:module";

// Compiled code of earlier runs halves the start-up where Node can keep it (22.1 and later).
module.enableCompileCache?.();

const program = new URL("../dist/main.js", import.meta.url);
if (existsSync(program)) {
  const { main } = await import(program.href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write(
    "meridian: not built yet; run `npm start` once, or `npm ci && npm run build`\n",
  );
  process.exitCode = 1;
}
