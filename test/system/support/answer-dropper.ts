import type { Onlooker } from "./proxy.ts";
import { SessionFrames } from "./session-frames.ts";

/**
 * Drops the answer to each write once: the connection is cut after the request has gone through and
 * before the first answer to it does. What goes with that answer is lost as well.
 */
export class AnswerDropper {
  /** Writes by session, of which an answer was dropped. */
  readonly #dropped = new Map<number, Set<number>>();
  #cuts = 0;

  /** Writes whose first answer was dropped. */
  get dropped(): number {
    let count = 0;
    for (const sequences of this.#dropped.values()) count += sequences.size;
    return count;
  }

  /** Connections cut for it. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Looks at one connection. */
  readonly look = (): Onlooker => {
    const frames = new SessionFrames();
    const sessions = new Map<number, Session>();
    return {
      fromClient(chunk) {
        frames.client(chunk, (stream, { hello, requests }) => {
          const session = sessions.get(stream) ?? { id: hello?.sessionId ?? 0, writes: new Map() };
          sessions.set(stream, session);
          for (const { id, sequence } of requests) {
            if (sequence > 0) session.writes.set(id, sequence);
          }
        });
      },
      fromServer: (chunk, pass) => {
        return frames.server(chunk, pass, (stream, { responses }) => {
          const session = sessions.get(stream);
          if (session === undefined) return true;
          const isFirst = this.#note(
            session,
            responses.map(({ id }) => id),
          );
          if (isFirst) this.#cuts += 1;
          return !isFirst;
        });
      },
    };
  };

  /** Whether one of these is the first answer to a write; then all of them count as dropped. */
  #note({ id, writes }: Session, answered: readonly number[]): boolean {
    const dropped = this.#dropped.get(id) ?? new Set<number>();
    this.#dropped.set(id, dropped);
    const sequences = answered.map((request) => writes.get(request) ?? 0).filter(Boolean);
    const isFirst = sequences.some((sequence) => !dropped.has(sequence));
    if (isFirst) for (const sequence of sequences) dropped.add(sequence);
    return isFirst;
  }
}

/** A stream of a session, and the numbers of its writes by request. */
interface Session {
  readonly id: number;
  readonly writes: Map<number, number>;
}
