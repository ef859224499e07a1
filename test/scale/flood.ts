import { connect, type Meridian, type MeridianError } from "@meridian/client";
import { Latencies } from "./latencies.ts";

/** What a process that writes is told to be. */
export interface FloodPlan {
  readonly endpoints: readonly string[];
  readonly region: string;
  /** Clients, each with a session of its own, over the same connections. */
  readonly sessions: number;
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** How it writes from now on, all its sessions together. */
export type FloodPhase =
  /** So many at a time: the next when one has ended. */
  | { readonly kind: "closed"; readonly id: number; readonly outstanding: number }
  /** So many a second, whatever becomes of them. */
  | { readonly kind: "open"; readonly id: number; readonly perSecond: number }
  | { readonly kind: "rest"; readonly id: number };

/** What became of the writes of the present phase. Times count from when a write was due. */
export interface FloodTally {
  readonly phase: number;
  /** Writes that were due. */
  readonly due: number;
  /** Times of those that were done, as `Latencies.counts`. */
  readonly done: readonly number[];
  /** Times of those that were refused as too many. */
  readonly refused: readonly number[];
  /** The others, by their code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of all phases: sessions that ended though the client lived. */
  readonly expired: number;
}

const turnMs = 2;
const reportMs = 200;

/** Clients of one process, and what they do. */
class Flood {
  readonly #plan: FloodPlan;
  readonly #clients: readonly Meridian[];
  readonly #data: Uint8Array;
  #phase: FloodPhase = { kind: "rest", id: 0 };
  #startedMs = 0;
  #due = 0;
  #done = new Latencies();
  #refused = new Latencies();
  #failures: Record<string, number> = {};
  #expired = 0;

  private constructor(plan: FloodPlan, first: Meridian) {
    this.#plan = plan;
    this.#data = new Uint8Array(plan.bytes).fill(120);
    const others = Array.from({ length: plan.sessions - 1 }, () => first.sibling());
    this.#clients = [first, ...others];
    for (const client of this.#clients) {
      client.onSession(({ state }) => {
        if (state === "expired") this.#expired += 1;
      });
    }
    setInterval(() => this.#turn(), turnMs);
    setInterval(() => this.#report(), reportMs);
  }

  static async start(plan: FloodPlan): Promise<Flood> {
    const { endpoints, region } = plan;
    return new Flood(plan, await connect({ endpoints, region }));
  }

  begin(phase: FloodPhase): void {
    this.#phase = phase;
    this.#startedMs = performance.now();
    this.#due = 0;
    this.#done = new Latencies();
    this.#refused = new Latencies();
    this.#failures = {};
    if (phase.kind !== "closed") return;
    for (let at = 0; at < phase.outstanding; at += 1) this.#write(phase, performance.now());
  }

  #turn(): void {
    const phase = this.#phase;
    if (phase.kind !== "open") return;
    const elapsedMs = performance.now() - this.#startedMs;
    const due = Math.floor((elapsedMs * phase.perSecond) / 1_000);
    while (this.#due < due) {
      this.#write(phase, this.#startedMs + (this.#due * 1_000) / phase.perSecond);
    }
  }

  #write(phase: FloodPhase, dueAtMs: number): void {
    if (this.#phase !== phase) return;
    const { paths, region } = this.#plan;
    const session = this.#clients[this.#due % this.#clients.length]?.session(region);
    const path = paths[this.#due % paths.length] ?? "";
    this.#due += 1;
    session?.set(path, this.#data, (error) => {
      if (this.#phase !== phase) return;
      const nowMs = performance.now();
      if (error === undefined) this.#done.add(nowMs - dueAtMs);
      else this.#fail(error, nowMs - dueAtMs);
      if (phase.kind !== "closed") return;
      if (error === undefined) this.#write(phase, nowMs);
      else setTimeout(() => this.#write(phase, performance.now()), error.retryAfterMs);
    });
  }

  #fail(error: MeridianError, afterMs: number): void {
    if (error.code === "OVERLOADED") return this.#refused.add(afterMs);
    this.#failures[error.code] = (this.#failures[error.code] ?? 0) + 1;
  }

  #report(): void {
    const tally: FloodTally = {
      phase: this.#phase.id,
      due: this.#due,
      done: this.#done.counts,
      refused: this.#refused.counts,
      failures: this.#failures,
      expired: this.#expired,
    };
    process.send?.(tally);
  }
}

let flood: Promise<Flood> | undefined;

process.on("message", (message: FloodPlan | FloodPhase) => {
  if ("kind" in message) void flood?.then((running) => running.begin(message));
  else flood = Flood.start(message);
});
process.once("disconnect", () => process.exit(0));
