import { readFileSync } from "node:fs";

/** Shells that there is a completion script for. */
export const shells: readonly string[] = ["bash", "zsh", "fish"];

/**
 * A script that makes a shell complete `meridian`, as it lies in the package. It knows no commands:
 * it asks the program, and so never lags behind it.
 */
export function completionScript(shell: string): string {
  return readFileSync(new URL(`../../completion/meridian.${shell}`, import.meta.url), "utf8");
}
