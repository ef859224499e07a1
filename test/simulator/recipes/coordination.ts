import { MeridianError, type MeridianErrorCode } from "@meridian/client";
import type { ClientProcess } from "../platform/client-process.ts";
import type { Counter } from "../platform/counter.ts";
import { BrokenPromise, must } from "../platform/failure.ts";
import { between, oneOf } from "../platform/shape.ts";
import { type Holding, Holdings } from "./holdings.ts";
import { clientRegions } from "./shape.ts";

/** Where clients coordinate: in the strict zone, and in a regional one. */
export const places: readonly string[] = ["/global", `/regions/${clientRegions[0]}`];

/** What all recipes have that give something to hold. */
interface Held {
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  isHeld(): boolean;
  giveBack(): Promise<void>;
}

/** What a wait may end with beside what was waited for, whatever happens. */
const allowed = new Set<MeridianErrorCode>([
  "SESSION_EXPIRED",
  "GLOBAL_UNAVAILABLE",
  "REGION_UNAVAILABLE",
  "DEADLINE",
  "UNKNOWN",
  "OVERLOADED",
  "STALE",
]);
/** The node of one who gave up may be there until its session has ended. */
const lingeringMs = 12_000;
const permits = 2;
const partners = 2;

/** Since when, and until when, somebody may have been at a barrier. */
interface Attendance {
  readonly fromMs: number;
  untilMs: number;
}

/** Clients that lock, share, elect and wait for each other, and what must be true of that. */
export class Coordination {
  /** Now and then a holder is stopped where it hurts most. */
  isHarsh = true;
  readonly #holdings = new Holdings();
  readonly #counter: Counter;
  /** Registers that locks guard: the highest token that each has seen, and its value. */
  readonly #registers = new Map<string, { seen: number; value: number }>();
  /** By the path of the barrier. */
  readonly #attendances = new Map<string, readonly Attendance[]>();
  readonly #acknowledged = new Map<string, number>();

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  /** Increments a register under a lock, without ever looking whether the lock is still held. */
  async lock(process: ClientProcess): Promise<void> {
    const path = `${oneOf(process.chance, places)}/lock`;
    const held = await this.#wait(process, path, async (options) => {
      const isHasty = process.chance() < 0.2;
      const lock = process.client.lock(path);
      const got = isHasty ? await lock.tryAcquire(options) : await lock.acquire(options);
      return got === undefined ? undefined : ofLock(got);
    });
    if (held === undefined) return;
    await this.#hold(process, path, false, held, async () => {
      const { runtime } = process;
      const read = this.#use(path, held, undefined);
      if (this.isHarsh && process.chance() < 0.03) {
        runtime.stop(between(process.chance, 1_000, 10_000));
        this.#counter.count("holderStops");
      }
      await runtime.pause(between(process.chance, 5, 300));
      if (read !== undefined) this.#use(path, held, read + 1);
    });
  }

  /** Reads or writes under a lock that readers share. */
  async share(process: ClientProcess): Promise<void> {
    const path = `${oneOf(process.chance, places)}/shared-lock`;
    const isReader = process.chance() < 0.6;
    const held = await this.#wait(process, path, async (options) => {
      const lock = process.client.readWriteLock(path);
      return ofLock(await (isReader ? lock.read(options) : lock.write(options)));
    });
    if (held === undefined) return;
    this.#counter.count(isReader ? "readLocks" : "writeLocks");
    await this.#hold(process, path, isReader, held, () => this.#dwell(process));
  }

  /** Takes one of a few permits. */
  async permit(process: ClientProcess): Promise<void> {
    const path = `${oneOf(process.chance, places)}/semaphore`;
    let thing = path;
    const held = await this.#wait(process, path, async (options) => {
      const got = await process.client.semaphore(path, permits).acquire(options);
      thing = `${path}/${got.slot}`;
      return ofLock(got);
    });
    if (held === undefined) return;
    this.#counter.count("permits");
    await this.#hold(process, thing, false, held, async () => {
      const count = this.#holdings.count((each) => each.startsWith(`${path}/`));
      must(count <= permits, () => `${count} hold one of ${permits} permits of ${path}`);
      if (count === permits) this.#counter.count("fullSemaphores");
      await this.#dwell(process);
    });
  }

  /** Stands for election, and leads for a while. */
  async lead(process: ClientProcess): Promise<void> {
    const path = `${oneOf(process.chance, places)}/election`;
    const held = await this.#wait(process, path, async (options) => {
      const leadership = await process.client.election(path).elect(options);
      const { fencingToken, lost } = leadership;
      const isHeld = (): boolean => leadership.isLeader;
      return { fencingToken, lost, isHeld, giveBack: () => leadership.resign() };
    });
    if (held === undefined) return;
    this.#counter.count("leaderships");
    await this.#hold(process, path, false, held, () => this.#dwell(process));
  }

  /** Meets another at a barrier, and leaves with it. */
  async meet(process: ClientProcess): Promise<void> {
    const path = `${oneOf(process.chance, places)}/meeting`;
    const own: Attendance = { fromMs: process.nowMs(), untilMs: Infinity };
    const all = this.#attendances.get(path) ?? [];
    this.#attendances.set(path, [...all.filter(({ untilMs }) => untilMs > own.fromMs), own]);
    const visit = await this.#wait(process, path, (options) =>
      process.client.doubleBarrier(path, partners).enter(options),
    );
    if (visit === undefined) {
      own.untilMs = process.nowMs() + lingeringMs;
      return;
    }
    const met = this.#attendances.get(path)?.filter(({ untilMs }) => untilMs >= own.fromMs) ?? [];
    must(met.length >= partners, () => `${process.name} was let in at ${path} without the others`);
    this.#counter.count("meetings");
    await this.#dwell(process);
    const isOver = await this.#wait(process, path, async (options) => {
      await visit.leave(options);
      return true;
    });
    own.untilMs = process.nowMs() + (isOver === undefined ? lingeringMs : 0);
  }

  /** What held while it went on holds at the end, and no update of a register was lost. */
  check(): void {
    this.#holdings.look();
    for (const [path, { value }] of this.#registers) {
      const acknowledged = this.#acknowledged.get(path) ?? 0;
      must(value === acknowledged, () => `${path} is at ${value} after ${acknowledged} updates`);
    }
  }

  /** Waits for something, for as long as patience lasts. Undefined: nothing came of it. */
  async #wait<T>(
    process: ClientProcess,
    path: string,
    wait: (options: {
      readonly signal: AbortSignal;
      readonly deadlineMs: number | undefined;
    }) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { chance, runtime, name } = process;
    const given = new AbortController();
    const deadlineMs = chance() < 0.5 ? between(chance, 100, 6_000) : undefined;
    const cancel = runtime.after(between(chance, 1, 8_000), () => given.abort(givenUp));
    try {
      return await wait({ signal: given.signal, deadlineMs });
    } catch (error) {
      if (error !== givenUp && !(error instanceof MeridianError && allowed.has(error.code))) {
        throw new BrokenPromise(`${name} at ${path}: ${String(error)}`);
      }
      this.#counter.count("missed");
      return undefined;
    } finally {
      cancel();
    }
  }

  /** Holds something while something is done, and gives it back. */
  async #hold(
    { name }: ClientProcess,
    thing: string,
    isShared: boolean,
    held: Held,
    use: () => Promise<void>,
  ): Promise<void> {
    const isHeld = (): boolean => held.isHeld();
    const holding: Holding = { holder: name, token: held.fencingToken, isShared, isHeld };
    this.#holdings.begin(thing, holding);
    this.#counter.count("held");
    await use();
    this.#holdings.look();
    if (held.lost.aborted) {
      this.#counter.count("lost");
      must(!held.isHeld(), () => `${name} holds ${thing}, which it has lost`);
    }
    this.#holdings.end(thing, holding);
    await held.giveBack();
    must(!held.isHeld(), () => `${name} holds ${thing}, which it gave back`);
  }

  async #dwell({ runtime, chance }: ClientProcess): Promise<void> {
    for (let turn = between(chance, 1, 5); turn > 0; turn -= 1) {
      await runtime.pause(between(chance, 10, 200));
      this.#holdings.look();
    }
  }

  /** Uses a register with the token of a lock, to write if there is a value. */
  #use(path: string, held: Held, value: number | undefined): number | undefined {
    const register = this.#registers.get(path) ?? { seen: 0, value: 0 };
    this.#registers.set(path, register);
    const { fencingToken: token } = held;
    if (token < register.seen) {
      must(!held.isHeld(), () => `the holder of ${path} was refused with ${token}`);
      this.#counter.count("staleTokens");
      return undefined;
    }
    register.seen = token;
    if (value === undefined) return register.value;
    register.value = value;
    this.#acknowledged.set(path, (this.#acknowledged.get(path) ?? 0) + 1);
    this.#counter.count("updates");
    return value;
  }
}

const givenUp = new Error("no patience");

function ofLock(lock: {
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly isHeld: boolean;
  release(): Promise<void>;
}): Held {
  const { fencingToken, lost } = lock;
  return { fencingToken, lost, isHeld: () => lock.isHeld, giveBack: () => lock.release() };
}
