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

/** Below 32768: above it Linux takes the ports of outgoing connections. */
const portMin = 20_000;
const portMax = 32_000;

/** Test files that run beside each other in one run never meet: each worker has its own share. */
const workersMax = 4;
const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % workersMax;
const shareSize = (portMax - portMin) / workersMax;

/**
 * The first port of a block in which nothing listens on the first `count` ports of 127.0.0.1. Where
 * it begins depends on the process, so that test runs beside each other rarely meet.
 */
export async function freePorts(count: number, spacing: number = count): Promise<number> {
  const blocks = Math.floor(shareSize / spacing);
  const from = portMin + worker * shareSize;
  const first = (process.pid * 7 + taken) % blocks;
  for (let offset = 0; offset < blocks; offset += 1) {
    taken += 1;
    const base = from + ((first + offset) % blocks) * spacing;
    const ports = Array.from({ length: count }, (_, index) => base + index);
    const free = await Promise.all(ports.map((port) => isFree(port)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no block of ${count} free ports from ${from} on`);
}

/** Blocks looked at so far: the next platform of this process takes others. */
let taken = 0;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
