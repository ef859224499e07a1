import type { Attached, Operation, Session } from "@meridian/tree";
import type { Refusal } from "./refusal.ts";
import type { WriteOutcome } from "./write-queue.ts";

/** A stream that holds a session, or did. */
export interface Holding {
  readonly session: number;
  /** Counted by the client from stream to stream; 0: it does not count. */
  readonly attachment: number;
  /** The session was opened for this very stream: no other can have it. */
  readonly isFirst: boolean;
  farewell(refusal: Refusal): void;
}

/** What holders need of their node. */
export interface HolderOptions {
  /** A number that nobody else draws. */
  readonly drawTicket: () => number;
  /** Puts a command into the log. */
  readonly submit: (operation: Operation, done: (outcome: WriteOutcome) => void) => void;
  /** What clients are told when that does not go. */
  readonly noLeader: () => Refusal;
}

interface Holder<Stream> {
  readonly stream: Stream;
  /** Of the entry that tells all members of this stream. */
  readonly ticket: number;
}

/**
 * The streams of this node that hold a session. A session has one stream at one node: when another
 * comes, here or elsewhere, the one before is told and ends. Elsewhere shows by the log: whoever
 * takes a session over writes an entry, which all members apply.
 */
export class SessionHolders<Stream extends Holding> {
  readonly #options: HolderOptions;
  readonly #holders = new Map<number, Holder<Stream>>();

  constructor(options: HolderOptions) {
    this.#options = options;
  }

  get(session: number): Stream | undefined {
    return this.#holders.get(session)?.stream;
  }

  /**
   * A stream takes its session, as it is known here; those before it are told, here and elsewhere.
   * False: a later one of its client has it, and this one ends.
   */
  take(stream: Stream, known: Session): boolean {
    const { session, attachment, isFirst } = stream;
    const older = this.get(session);
    const newest = Math.max(older?.attachment ?? 0, known.attachment);
    if (attachment < newest) {
      stream.farewell(movedFrom(stream, newest));
      return false;
    }
    const ticket = this.#options.drawTicket();
    this.#holders.set(session, { stream, ticket });
    older?.farewell(movedFrom(older, attachment));
    if (!isFirst) this.#tell(stream, { kind: "attach-session", session, attachment, ticket });
    return true;
  }

  /** The stream has ended. */
  forget(stream: Stream): void {
    if (this.get(stream.session) === stream) this.#holders.delete(stream.session);
  }

  /** An entry was applied that says who holds a session. */
  onAttached({ session, attachment, ticket }: Attached): void {
    const holder = this.#holders.get(session);
    if (holder === undefined || holder.ticket === ticket) return;
    const { stream } = holder;
    // A write came by the stream that it names, or the entry is late.
    if (stream.attachment > attachment || (ticket === 0 && stream.attachment === attachment))
      return;
    stream.farewell(movedFrom(stream, attachment));
  }

  /** All members learn from the log that a stream holds its session from now on. */
  #tell(stream: Stream, operation: Operation): void {
    const { submit, noLeader } = this.#options;
    submit(operation, (outcome) => {
      if (this.get(stream.session) !== stream) return;
      if (outcome.kind !== "applied") return stream.farewell(noLeader());
      const { result } = outcome.applied;
      if (result.kind === "failed") stream.farewell(result);
    });
  }
}

/**
 * Why a stream has lost its session. A client that counts its streams has begun a later one, or
 * somebody else has: this one is over for good. Of one that does not count nobody can tell which of
 * its streams it still uses, so that it may come back.
 */
function movedFrom({ session, attachment }: Holding, to: number): Refusal {
  const code = to > attachment ? "SESSION_MOVED" : "NOT_LEADER";
  return { code, message: `session ${session} moved to another stream, here or at another node` };
}
