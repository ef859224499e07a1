/** Sessions that one expire command may end; the rest follow in the next sweep. */
const expiredMax = 500;
/** Life signs that wait for the next report to the leader. */
const touchedMax = 50_000;
/**
 * A member vouches to its clients for the life of their sessions for so long after it last reached
 * the leader: several reports, and a round trip of more than a second.
 */
export const contactMaxMs = 1_500;
/** Reports come several times within this; a member that sent none is out of touch. */
const reportMaxMs = 600;

/** What is known of a session in the tree. */
interface Timed {
  readonly id: number;
  readonly timeoutMs: number;
}

interface Heard {
  readonly atMs: number;
  /** Member that reported it; undefined: a client of the leader itself. */
  readonly by: string | undefined;
}

/**
 * Who has been heard of. Every member notes its own clients and tells the leader; the leader alone
 * proposes expiry, measured on its monotonic clock. A new leader has heard of nobody and so gives
 * every session its full timeout again, as ZooKeeper's does.
 *
 * A client counts its session's life from the last sign that a member answered. The leader may not
 * know of that sign yet, or never hear of it: the member's link breaks, while it goes on answering
 * for up to `contactMaxMs`. The leader therefore allows for what each member may have answered
 * after its last report.
 */
export class SessionLiveness {
  readonly #heard = new Map<number, Heard>();
  /** When each member last reported to this leader. */
  readonly #reports = new Map<string, number>();
  /** Signs of life that no leader has confirmed, and when they came. */
  readonly #touched = new Map<number, number>();
  #leadsSinceMs: number | undefined;

  /** Sessions that something is kept of. */
  get size(): number {
    return new Set([...this.#heard.keys(), ...this.#touched.keys()]).size;
  }

  /** A client of this node gave a sign of life. */
  touch(session: number, nowMs: number): void {
    if (this.#leadsSinceMs !== undefined) this.#heard.set(session, { atMs: nowMs, by: undefined });
    else if (this.#touched.has(session) || this.#touched.size < touchedMax) {
      this.#touched.set(session, nowMs);
    }
  }

  /** Leader: another member reports signs of life. Sessions that do not exist are passed over. */
  heard(
    by: string,
    sessions: readonly number[],
    nowMs: number,
    exists: (session: number) => boolean,
  ): void {
    this.#reports.set(by, nowMs);
    for (const session of sessions) {
      if (exists(session)) this.#heard.set(session, { atMs: nowMs, by });
    }
  }

  /** Sessions to tell the leader of. */
  report(): readonly number[] {
    return [...this.#touched.keys()];
  }

  /** The leader has confirmed the report that was made at this time. */
  confirmed(reportedAtMs: number): void {
    for (const [session, atMs] of this.#touched) {
      if (atMs <= reportedAtMs) this.#touched.delete(session);
    }
  }

  /** Begins to lead, or must begin anew because it was away itself: counts from now. */
  lead(nowMs: number): void {
    this.#leadsSinceMs = nowMs;
    this.#heard.clear();
    this.#reports.clear();
    this.#touched.clear();
  }

  /** Leads no longer. */
  follow(): void {
    this.#leadsSinceMs = undefined;
    this.#heard.clear();
    this.#reports.clear();
  }

  /** The session has ended. */
  forget(session: number): void {
    this.#heard.delete(session);
    this.#touched.delete(session);
  }

  /** Leader only: sessions that have been silent for longer than their timeout, at most 500. */
  overdue(sessions: Iterable<Timed>, nowMs: number): readonly number[] {
    const overdue: number[] = [];
    for (const { id, timeoutMs } of sessions) {
      const heard = this.#heard.get(id);
      if (heard === undefined) this.#heard.set(id, this.#unheard(nowMs));
      else if (nowMs - this.#aliveAtMs(heard, nowMs) > timeoutMs) overdue.push(id);
      if (overdue.length >= expiredMax) break;
    }
    return overdue;
  }

  /** A session that this leader has not heard of: members may have vouched for it to the last. */
  #unheard(nowMs: number): Heard {
    return { atMs: Math.max(nowMs, (this.#leadsSinceMs ?? 0) + contactMaxMs), by: undefined };
  }

  /** The latest time at which a client may have had an answer. */
  #aliveAtMs({ atMs, by }: Heard, nowMs: number): number {
    if (by === undefined) return atMs;
    const reportedAtMs = this.#reports.get(by) ?? atMs;
    const isSilent = nowMs - reportedAtMs > reportMaxMs;
    return Math.max(atMs + reportMaxMs, isSilent ? reportedAtMs + contactMaxMs : -Infinity);
  }
}
