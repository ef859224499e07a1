import { readFileSync } from "node:fs";

import { ConfigError } from "./problem.ts";

/**
 * Text of a file that somebody named. `advice` ends the message when it cannot be read.
 * @throws {ConfigError} when it cannot be read.
 */
export function readText(file: string, advice = ""): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const message = `cannot be read: ${(cause as Error).message}${advice}`;
    throw new ConfigError(file, [{ line: 1, column: 1, path: "", message }], { cause });
  }
}
