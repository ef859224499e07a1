import type { ClientContext } from "./client-context.ts";
import type { Meridian } from "./client.ts";
import type { SessionEvent } from "./options.ts";
import { RecipeMemory } from "./recipes/recipe-memory.ts";
import { hasCode, mayPass } from "./recipes/retry.ts";

/** A client and its parts. */
interface StandingClient {
  readonly client: Meridian;
  readonly context: ClientContext;
}

/**
 * A client beside another one, over the same connections, whose sessions are renewed by themselves.
 * What comes back by design after the end of a session lives here, apart from the caller's own
 * sessions, which never silently become others. It is made when it is first needed.
 */
export class Standing {
  /** What its recipes remember from one call to the next. */
  readonly memory: RecipeMemory = new RecipeMemory(this);
  readonly #make: () => StandingClient;
  #made: StandingClient | undefined;
  #isClosed = false;

  constructor(make: () => StandingClient) {
    this.#make = make;
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

  /** Whether the same step may succeed in a moment: the end of a session is none here. */
  isPassing(error: unknown): boolean {
    return mayPass(error) || (hasCode(error, "SESSION_EXPIRED") && !this.#isClosed);
  }

  /** Ends its sessions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#made?.client.close();
  }
}

/** What belongs to a caller's client for all that comes back by itself. */
export function standingOf({ standing }: ClientContext): Standing {
  if (standing === undefined) throw new Error("recipes are made by the caller's own client");
  return standing;
}
