import { readFileSync } from "node:fs";

/** Files and connections that this process may have open; Infinity where nobody tells. */
export function openFilesMax(): number {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return Infinity;
  }
  const max = Number(/^Max open files\s+(\S+)/mu.exec(limits)?.[1]);
  return Number.isNaN(max) ? Infinity : max;
}
