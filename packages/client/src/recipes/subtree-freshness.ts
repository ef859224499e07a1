import type { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import { existsDraft } from "../draft.ts";
import type { Position } from "../position.ts";
import { receipt } from "../result.ts";
import type { ReadConsistency } from "../route.ts";
import { mayPass } from "./retry.ts";

/** How often it is found out how far the history has gone. */
const probeMs = 2_000;
/** Probes whose place in history the watch may not have reached yet. */
const probesMax = 8;

/** What the freshness of a copy is measured by. */
export interface FreshnessEvents {
  /** The copy shows everything up to this position. */
  isCovered(position: Position): boolean;
  /** Nothing will be known any more. */
  onFailure(error: MeridianError): void;
}

interface Probe {
  readonly position: Position;
  /** Runtime clock: what is at the position is not older than this. */
  readonly asOfMs: number;
}

/**
 * Knows how old a copy is at most. A read says how far history had gone at some time; a copy that
 * has reached that place is not older. Events alone would not tell: when none come, either nothing
 * happens, or they do not arrive.
 */
export class SubtreeFreshness {
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #consistency: Exclude<ReadConsistency, "quorum">;
  readonly #events: FreshnessEvents;
  #asOfMs = -Infinity;
  #probes: Probe[] = [];
  #isRunning = false;
  #cancel: () => void = () => undefined;

  constructor(
    context: ClientContext,
    path: string,
    consistency: Exclude<ReadConsistency, "quorum">,
    events: FreshnessEvents,
  ) {
    this.#context = context;
    this.#path = path;
    this.#consistency = consistency;
    this.#events = events;
  }

  /** Upper bound of the copy's age. */
  get stalenessMs(): number {
    this.#settle();
    return this.#context.runtime.nowMs() - this.#asOfMs;
  }

  /** Everything was read, and nothing of it was older than this by the runtime's clock. */
  start(asOfMs: number): void {
    this.#asOfMs = asOfMs;
    this.#probes = [];
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel();
  }

  #schedule(): void {
    if (!this.#isRunning) return;
    this.#cancel = this.#context.runtime.after(probeMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const { performer, runtime } = this.#context;
    const asked = { path: this.#path, consistency: this.#consistency, maxStalenessMs: undefined };
    const sentAtMs = runtime.nowMs();
    try {
      const answer = await performer.read({ ...asked, draft: () => existsDraft(this.#path) });
      const { position, stalenessMs } = receipt(answer);
      if (this.#probes.length < probesMax) {
        this.#probes.push({ position, asOfMs: sentAtMs - stalenessMs });
      }
      this.#settle();
    } catch (error) {
      // While nobody answers it only grows older; what can never be read again ends it.
      if (this.#isRunning && !mayPass(error)) this.#events.onFailure(error as MeridianError);
    }
    this.#schedule();
  }

  #settle(): void {
    while (this.#probes.length > 0) {
      const [probe] = this.#probes;
      if (probe === undefined || !this.#events.isCovered(probe.position)) return;
      this.#probes.shift();
      this.#asOfMs = Math.max(this.#asOfMs, probe.asOfMs);
    }
  }
}
