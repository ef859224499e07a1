import type { Readable } from "node:stream";
import { createInterface } from "node:readline";

import { until } from "./condition.ts";

/** An event of a local platform; see `meridian dev --headless`. */
export interface PlatformEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Events as a platform prints them: one JSON line each. */
export class EventLog {
  readonly #events: PlatformEvent[] = [];

  constructor(stdout: Readable) {
    createInterface({ input: stdout }).on("line", (line) => {
      if (line.startsWith("{")) this.#events.push(JSON.parse(line) as PlatformEvent);
    });
  }

  /** How many there were so far; a place to look on from. */
  get length(): number {
    return this.#events.length;
  }

  /** Those of a kind, of all or of those that came at or after a place. */
  of(kind: string, from = 0): readonly PlatformEvent[] {
    return this.#events.slice(from).filter(({ event }) => event === kind);
  }

  /** Waits for an event of a kind that `matches`, at or after a place. */
  next(
    kind: string,
    deadlineMs: number,
    { from = 0, matches = () => true }: NextOptions = {},
  ): Promise<PlatformEvent> {
    return until(`event "${kind}"`, deadlineMs, () => this.of(kind, from).find(matches));
  }

  /** The last events, for messages. */
  tail(): string {
    return this.#events
      .slice(-8)
      .map((event) => JSON.stringify(event))
      .join("\n");
  }
}

interface NextOptions {
  readonly from?: number;
  readonly matches?: (event: PlatformEvent) => boolean;
}
