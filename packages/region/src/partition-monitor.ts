/** How a region stands to the rest of the platform. */
export type PartitionState = "CONNECTED" | "SUSPECT" | "ISOLATED" | "HEALING";

/** A change of that state. */
export interface PartitionEvent {
  readonly state: PartitionState;
  /** Milliseconds since 1970, for display. */
  readonly atMs: number;
  /** How long the state before it lasted. */
  readonly lastedMs: number;
}

/** From which silence on a state holds, in milliseconds. */
export interface PartitionThresholds {
  readonly suspectMs: number;
  readonly isolatedMs: number;
}

/** Thresholds that suit WAN round trips up to about a second. */
export const partitionThresholds: PartitionThresholds = { suspectMs: 2_000, isolatedMs: 5_000 };

const eventsMax = 1_000;

/** Position of each state on the wire between members. */
export const partitionStates: readonly PartitionState[] = [
  "CONNECTED",
  "SUSPECT",
  "ISOLATED",
  "HEALING",
];

/**
 * Decides the partition state from the progress of the change streams, not from pings: a region is
 * isolated when the global tier's history has not been proven current for a while, and heals until
 * every mirror is current again. One step at a time, so that nobody has to guess what was between.
 */
export class PartitionMonitor {
  readonly #thresholds: PartitionThresholds;
  readonly #events: PartitionEvent[] = [];
  readonly #startedAtMs: number;
  #state: PartitionState = "CONNECTED";
  #sinceMs: number;

  constructor(thresholds: PartitionThresholds, nowMs: number) {
    this.#thresholds = thresholds;
    this.#sinceMs = nowMs;
    this.#startedAtMs = nowMs;
  }

  get state(): PartitionState {
    return this.#state;
  }

  /** The latest changes, oldest first. */
  get events(): readonly PartitionEvent[] {
    return this.#events;
  }

  /**
   * Looks again. `globalAgeMs`: age of the mirror of the global tier, Infinity while nothing is
   * known of it, which counts as silence from the start; `othersAgeMs`: of the oldest mirror of a
   * region that can be reached. Returns the event when the state changed.
   */
  observe(
    globalAgeMs: number,
    othersAgeMs: number,
    nowMs: number,
    wallMs: number,
  ): PartitionEvent | undefined {
    const silentMs = Number.isFinite(globalAgeMs) ? globalAgeMs : nowMs - this.#startedAtMs;
    const next = this.#next(silentMs, othersAgeMs);
    if (next === this.#state) return undefined;
    const event = { state: next, atMs: wallMs, lastedMs: Math.round(nowMs - this.#sinceMs) };
    this.#state = next;
    this.#sinceMs = nowMs;
    this.#events.push(event);
    if (this.#events.length > eventsMax) this.#events.shift();
    return event;
  }

  /** Takes over what the leader says: followers do not judge for themselves. */
  adopt(state: PartitionState, nowMs: number): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceMs = nowMs;
  }

  #next(silentMs: number, othersAgeMs: number): PartitionState {
    const { suspectMs, isolatedMs } = this.#thresholds;
    switch (this.#state) {
      case "CONNECTED":
        return silentMs > suspectMs ? "SUSPECT" : "CONNECTED";
      case "SUSPECT":
        if (silentMs > isolatedMs) return "ISOLATED";
        return silentMs > suspectMs ? "SUSPECT" : "CONNECTED";
      case "ISOLATED":
        return silentMs > suspectMs ? "ISOLATED" : "HEALING";
      case "HEALING":
        if (silentMs > isolatedMs) return "ISOLATED";
        return Math.max(silentMs, othersAgeMs) > suspectMs ? "HEALING" : "CONNECTED";
    }
  }
}
