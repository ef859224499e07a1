import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { PlatformDirectory } from "./directory.ts";

/** Time that processes of a killed platform get to notice its end by themselves. */
const graceMs = 2_500;
const pollMs = 50;

/**
 * Waits for the processes of an earlier platform on this directory, whose supervisor was killed:
 * they end with it, but not in the same instant, and would still hold ports and data. Those that
 * linger are killed.
 */
export async function clearLeftovers(
  directory: PlatformDirectory,
  nodes: readonly string[],
): Promise<void> {
  const deadlineMs = performance.now() + graceMs;
  for (;;) {
    const pids = new Set(nodes.flatMap((node) => leftoverOf(directory, node)));
    if (pids.size === 0) return;
    if (performance.now() > deadlineMs) for (const pid of pids) killIfThere(pid);
    await sleep(pollMs);
  }
}

/** Process that the pid file names, provided that it was started with this node's configuration. */
function leftoverOf(directory: PlatformDirectory, node: string): readonly number[] {
  try {
    const pid = Number(readFileSync(directory.pid(node), "utf8"));
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return command.includes(directory.config(node)) ? [pid] : [];
  } catch {
    return [];
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself.
  }
}
