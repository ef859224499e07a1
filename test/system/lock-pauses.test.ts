/**
 * Holders of a lock are stopped for longer than their session lives, and go on as if nothing had
 * happened: what the lock guards refuses their tokens, and no update is lost.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { FencingGuard, StaleTokenError } from "@meridian/client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { settlesWithin, until } from "./support/condition.ts";
import { printFigure } from "./support/figures.ts";
import type { WorkerAnswer, WorkerRequest, ZnodeFates } from "./support/lock-worker.ts";
import { cleanEnvironment } from "./support/program.ts";
import { Scratch } from "./support/scratch.ts";

/** How often a holder is stopped: `MERIDIAN_PAUSES=50` for a long run. */
const pauses = Number(process.env["MERIDIAN_PAUSES"] ?? "2");
const workers = 4;
/** The shortest that servers grant. */
const sessionTimeoutMs = 2_000;
/** Until others have gone on after a holder was stopped; machines may be busy. */
const successionMsMax = 30_000;
const lockPath = "/regions/local/billing";
const nodePath = "/regions/local/balance";

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("lock-pauses");
  cluster = await Cluster.start(scratch, 3);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test(
  `holders stopped ${pauses} times and more beyond their timeout lose no update`,
  async () => {
    const client = await cluster.client();
    await client.create(nodePath, "0");
    await using register = new GuardedRegister(cluster.nodes.map(({ address }) => address));
    let stops = 0;
    // A holder that is stopped between two increments has nothing to write when it goes on.
    while (stops < pauses || register.refused === 0 || register.znode.refused === 0) {
      await register.stopHolder();
      stops += 1;
      expect(stops).toBeLessThan(pauses + 30);
    }
    await register.finish();
    const { value, acknowledged, refused, znode, stoppedMs } = register;
    printFigure("holders stopped", `${stops} times, for ${stoppedMs.join(", ")} ms`);
    printFigure("updates", `${acknowledged} of a register, ${znode.acknowledged} of a znode`);
    printFigure("stale tokens refused", `${refused} by a guard, ${znode.refused} by a znode`);
    expect(value).toBe(acknowledged);
    const { text } = await client.get(nodePath);
    expect(Number(text)).toBeGreaterThanOrEqual(znode.acknowledged);
    expect(Number(text)).toBeLessThanOrEqual(znode.acknowledged + znode.unknown);
  },
  60_000 + pauses * successionMsMax,
);

/** A register that only holders of the lock may use, and the processes that increment it. */
class GuardedRegister implements AsyncDisposable {
  value = 0;
  acknowledged = 0;
  refused = 0;
  readonly stoppedMs: number[] = [];
  readonly #guard = new FencingGuard();
  readonly #workers: readonly ChildProcess[];
  readonly #ends: readonly Promise<unknown>[];
  readonly #znodes = new Map<ChildProcess, ZnodeFates>();
  /** Who was admitted last, and with which token. */
  #last: { readonly worker: ChildProcess; readonly token: number } | undefined;

  constructor(endpoints: readonly string[]) {
    const script = fileURLToPath(new URL("support/lock-worker.ts", import.meta.url));
    const to = [endpoints.join(","), "local", lockPath, nodePath, `${sessionTimeoutMs}`];
    this.#workers = Array.from({ length: workers }, () =>
      fork(script, to, { execArgv: ["--import", "tsx"], env: cleanEnvironment() }),
    );
    this.#ends = this.#workers.map((worker) => {
      worker.on("message", (request: WorkerRequest) => void this.#answer(worker, request));
      return new Promise((resolve) => {
        worker.once("close", resolve);
      });
    });
  }

  /** What became of the increments of the znode, as the workers know of them. */
  get znode(): Readonly<ZnodeFates> {
    const sum = { acknowledged: 0, refused: 0, unknown: 0 };
    for (const { acknowledged, refused, unknown } of this.#znodes.values()) {
      sum.acknowledged += acknowledged;
      sum.refused += refused;
      sum.unknown += unknown;
    }
    return sum;
  }

  /** Stops whoever holds the lock at some moment, until others have gone on without it. */
  async stopHolder(): Promise<void> {
    const before = this.#last?.token ?? 0;
    const { worker, token } = await until("somebody uses the register", successionMsMax, () => {
      return (this.#last?.token ?? 0) > before ? this.#last : undefined;
    });
    const startedMs = performance.now();
    worker.kill("SIGSTOP");
    try {
      await until("others use the register", successionMsMax, () => {
        if (performance.now() - startedMs <= sessionTimeoutMs) return undefined;
        return (this.#last?.token ?? 0) > token ? true : undefined;
      });
    } finally {
      worker.kill("SIGCONT");
    }
    this.stoppedMs.push(Math.round(performance.now() - startedMs));
    await until("it has gone on", successionMsMax, () => {
      return this.#last?.worker === worker ? true : undefined;
    });
  }

  /** Lets all workers finish what they are at, and ends them. */
  async finish(): Promise<void> {
    for (const worker of this.#workers) worker.kill("SIGTERM");
    const isOver = await settlesWithin(Promise.all(this.#ends), successionMsMax);
    if (!isOver) throw new Error("a worker does not end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.kill("SIGKILL");
    await settlesWithin(Promise.all(this.#ends), 5_000);
  }

  async #answer(worker: ChildProcess, request: WorkerRequest): Promise<void> {
    this.#znodes.set(worker, request.znode);
    const isEnd = request.kind === "end";
    worker.send(isEnd ? { isAdmitted: true, value: 0 } : await this.#use(worker, request));
  }

  async #use(worker: ChildProcess, { kind, token, value }: WorkerRequest): Promise<WorkerAnswer> {
    try {
      return await this.#guard.run("register", token, () => {
        this.#last = { worker, token };
        if (kind === "write") {
          this.value = value;
          this.acknowledged += 1;
        }
        return { isAdmitted: true, value: this.value };
      });
    } catch (error) {
      if (!(error instanceof StaleTokenError)) throw error;
      this.refused += 1;
      return { isAdmitted: false, value: 0 };
    }
  }
}
