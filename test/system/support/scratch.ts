import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./condition.ts";
import { killNow, processesNaming } from "./process-table.ts";

/** Whether directories stay, with data and logs, for a look at what failed. */
const keeps = process.env["MERIDIAN_TEST_KEEP"] === "1";

/**
 * A directory of its own for one platform. Whatever runs with it on its command line is killed, and
 * the directory removed, when it is disposed of or when this process ends.
 */
export class Scratch implements AsyncDisposable {
  readonly path: string;
  #isKept = keeps;
  readonly #onExit = (): void => this.#clear();

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `meridian-${name}-`));
    if (keeps) console.info(`kept: ${this.path}`);
    process.once("exit", this.#onExit);
  }

  /** From now on the directory outlives this process; what runs on it does not. */
  keep(): void {
    this.#isKept = true;
  }

  /** Kills what is left of it and removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#onExit);
    try {
      await until(`the end of what runs on ${this.path}`, 20_000, () => {
        const left = processesNaming(this.path);
        for (const { pid } of left) killNow(pid);
        return left.length === 0 ? true : undefined;
      });
    } finally {
      this.#clear();
    }
  }

  #clear(): void {
    for (const { pid } of processesNaming(this.path)) killNow(pid);
    if (this.#isKept) return;
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Blocks of ports, by what they are for. All lie below 32768: above it Linux takes the ports of
 * outgoing connections.
 */
const blocks = {
  platform: { from: 20_000, to: 27_200, size: 400 },
  comparison: { from: 27_200, to: 29_400, size: 220 },
  servers: { from: 29_400, to: 32_000, size: 16 },
} as const;

/**
 * The first port of a block that is this process's own until it ends: all but the last port of it
 * may be used. Files that run beside each other, of whatever run, never get the same.
 */
export async function claimPorts(purpose: keyof typeof blocks): Promise<number> {
  const { from, to, size } = blocks[purpose];
  const count = Math.floor((to - from) / size);
  // Runs beside each other begin at different places.
  const first = process.pid * 7 + taken;
  for (let offset = 0; offset < count; offset += 1) {
    taken += 1;
    const base = from + ((first + offset) % count) * size;
    if (!(await isClaimed(base + size - 1))) continue;
    const ports = Array.from({ length: size - 1 }, (_, at) => base + at);
    const free = await Promise.all(ports.map((port) => isFree(port)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no block of ${size} free ports between ${from} and ${to}`);
}

/** Blocks looked at so far: the next platform of this process takes others. */
let taken = 0;

/** Listens on a port as long as this process lives; false: another does. */
function isClaimed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => resolve(true));
    server.unref();
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
