import type { ClientContext } from "./client-context.ts";
import type { Meridian } from "./client.ts";
import type { SessionEvent } from "./options.ts";

/** A client and its parts. */
export interface StandingClient {
  readonly client: Meridian;
  readonly context: ClientContext;
}

/**
 * A client beside another one, over the same connections, whose sessions are renewed by themselves.
 * What comes back by design after the end of a session lives here, apart from the caller's own
 * sessions, which never silently become others. It is made when it is first needed.
 */
export class Standing {
  readonly #make: () => StandingClient;
  #made: StandingClient | undefined;
  #isClosed = false;

  constructor(make: () => StandingClient) {
    this.#make = make;
  }

  /** Nothing will be renewed any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The client, and its parts. */
  get(): StandingClient {
    if (this.#made !== undefined) return this.#made;
    const made = this.#make();
    this.#made = made;
    const { context } = made;
    context.listeners.add((event: SessionEvent) => {
      if (event.state !== "expired" || this.#isClosed) return;
      // Not at once: those who own something in the session hear of its end first.
      context.runtime.defer(() => {
        if (!this.#isClosed) context.lanes.session(event.cluster).renew();
      });
    });
    return made;
  }

  /** Ends its sessions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#made?.client.close();
  }
}
