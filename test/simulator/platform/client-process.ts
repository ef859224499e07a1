import {
  connect,
  type ClientChannel,
  type Meridian,
  MeridianError,
  type Runtime,
  type SessionEvent,
} from "@meridian/client";
import type { Scene } from "@meridian/replica/harness";
import { BrokenPromise, must } from "./failure.ts";
import type { Chance } from "./shape.ts";

/** A process with clients in it, as far as its surroundings go: clock, chance and connections. */
export class ProcessRuntime implements Runtime {
  readonly #scene: Scene;
  readonly #originMs: number;
  /** Until when the process is stopped; whatever is due meanwhile happens then, in order. */
  #stoppedUntilMs = 0;
  #late: (() => void)[] = [];
  #stoppedMs = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#originMs = Math.floor(scene.random() * 1_000_000);
  }

  nowMs(): number {
    return this.#scene.clock.nowMs() + this.#originMs;
  }

  /** How long the process was stopped in all. */
  get stoppedMs(): number {
    return this.#stoppedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isOver = false;
    const cancel = this.#scene.clock.after(delayMs, () => {
      this.hear(() => {
        if (!isOver) callback();
      });
    });
    return () => {
      isOver = true;
      cancel();
    };
  }

  defer(callback: () => void): void {
    this.after(0, callback);
  }

  random(): number {
    return this.#scene.random();
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256));
  }

  /** It was not stopped for so long. */
  hasRunFor(forMs: number): boolean {
    return this.#scene.clock.nowMs() - this.#stoppedUntilMs >= forMs;
  }

  /** Resolves after so much time of the process. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Stops the process for a while, as by a signal. */
  stop(forMs: number): void {
    const { clock } = this.#scene;
    if (this.#stoppedUntilMs > clock.nowMs()) return;
    this.#stoppedUntilMs = clock.nowMs() + forMs;
    this.#stoppedMs += forMs;
    clock.after(forMs, () => this.#resume());
  }

  /** Something arrives: it is dealt with when the process runs. */
  hear(task: () => void): void {
    if (this.#late.length > 0 || this.#stoppedUntilMs > this.#scene.clock.nowMs()) {
      this.#late.push(task);
    } else task();
  }

  /** Each in a turn of its own, and before whatever arrives from now on. */
  #resume(): void {
    const task = this.#late[0];
    if (task === undefined) return;
    this.#late = this.#late.slice(1);
    task();
    this.#scene.clock.after(0, () => this.#resume());
  }
}

/** Opens channels from an address; what they bring waits while the process is stopped. */
function channelsFrom(
  scene: Scene,
  address: string,
  runtime: ProcessRuntime,
): (to: string) => ClientChannel {
  return (to) => {
    const channel = scene.network.openChannel(address, to);
    return {
      session: (handler) =>
        channel.session({
          onFrame: (frame) => runtime.hear(() => handler.onFrame(frame)),
          onClose: (error) => runtime.hear(() => handler.onClose(error)),
        }),
      follow: (handler) =>
        channel.follow({
          onFrame: (frame) => runtime.hear(() => handler.onFrame(frame)),
          onClose: (error) => runtime.hear(() => handler.onClose(error)),
        }),
      topology: (options) => channel.topology(options),
      status: (options) => channel.status(options),
      close: () => channel.close(),
    };
  };
}

/** How an operation ended. */
export type Ended<T> =
  | { readonly kind: "ok"; readonly value: T }
  /** It has not happened and never will, or gave nothing. */
  | { readonly kind: "failed"; readonly code: string }
  | { readonly kind: "unknown" };

/** What became of operations: told of every one. */
export interface OperationLog {
  ended(client: string, what: string, outcome: string, tookMs: number): void;
}

/** Time that an operation may end after its deadline: the tasks of that moment have to be done. */
const graceMs = 50;

/** Codes that no operation of the work may end with, whatever happens. */
const wrong = new Set([
  "CORRUPT",
  "UNSUPPORTED",
  "BAD_PATH",
  "BAD_ARGUMENTS",
  "TOO_LARGE",
  "QUOTA_EXCEEDED",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESIDENCY_DENIED",
  "FORKED",
  "CAUSALITY_LOST",
  "MOVED",
]);

/** A client in a process of its own, and what it has seen. */
export class ClientProcess {
  readonly name: string;
  readonly region: string;
  readonly runtime: ProcessRuntime;
  /** Turns of its sessions, oldest first. */
  readonly sessions: (SessionEvent & { readonly atMs: number })[] = [];
  /** Newest index of each cluster that it was shown. */
  readonly seen: Map<string, number> = new Map();
  /** Newest number that it saw in each node that only grows. */
  readonly counted: Map<string, number> = new Map();
  /** The last number that it tried to write into its own such node. */
  attempted = 0;
  readonly #scene: Scene;
  readonly #log: OperationLog;
  #client: Meridian | undefined;
  #operations = 0;

  constructor(scene: Scene, name: string, region: string, log: OperationLog) {
    this.#scene = scene;
    this.name = name;
    this.region = region;
    this.runtime = new ProcessRuntime(scene);
    this.#log = log;
  }

  get chance(): Chance {
    return () => this.runtime.random();
  }

  get client(): Meridian {
    if (this.#client === undefined) throw new Error(`${this.name} is not connected`);
    return this.#client;
  }

  async connect(endpoints: readonly string[], sessionTimeoutMs: number): Promise<void> {
    this.#client = await connect({
      endpoints,
      region: this.region,
      runtime: this.runtime,
      openChannel: channelsFrom(this.#scene, this.name, this.runtime),
      sessionTimeoutMs,
      onSession: (event) => this.sessions.push({ ...event, atMs: this.nowMs() }),
    });
  }

  /** A name for a value that no other operation writes. */
  nextValue(): string {
    this.#operations += 1;
    return `${this.name}.${this.#operations}`;
  }

  /** Virtual time. */
  nowMs(): number {
    return this.#scene.clock.nowMs();
  }

  /**
   * Carries an operation out.
   * @throws {BrokenPromise} when it ends late, or with an error that nobody was promised.
   */
  async operate<T>(
    what: string,
    deadlineMs: number,
    run: (options: { readonly deadlineMs: number }) => Promise<T>,
  ): Promise<Ended<T>> {
    const { runtime } = this;
    const [atMs, stoppedMs] = [runtime.nowMs(), runtime.stoppedMs];
    let ended: Ended<T>;
    try {
      ended = { kind: "ok", value: await run({ deadlineMs }) };
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      if (wrong.has(error.code)) throw new BrokenPromise(`${what} of ${this.name}: ${error}`);
      const isOpen = error.code === "UNKNOWN";
      ended = isOpen ? { kind: "unknown" } : { kind: "failed", code: error.code };
    }
    const tookMs = runtime.nowMs() - atMs - (runtime.stoppedMs - stoppedMs);
    const outcome = ended.kind === "failed" ? ended.code : ended.kind;
    this.#log.ended(this.name, what, outcome, tookMs);
    must(tookMs <= deadlineMs + graceMs, () => {
      return `${what} of ${this.name} took ${tookMs} ms of ${deadlineMs}: ${outcome}`;
    });
    return ended;
  }

  /** Goes on with a new session wherever one has expired. */
  renew(): void {
    this.client.renew();
  }

  /** Takes over what another has seen, by its token. */
  learnFrom(other: ClientProcess): void {
    this.client.observe(other.client.token);
    for (const [cluster, index] of other.seen) this.saw(cluster, index);
    for (const [path, number] of other.counted) {
      this.counted.set(path, Math.max(number, this.counted.get(path) ?? 0));
    }
  }

  /** It was shown the state of a cluster at an index. */
  saw(cluster: string, index: number): void {
    if (index > (this.seen.get(cluster) ?? 0)) this.seen.set(cluster, index);
  }
}
