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

/**
 * Who has been heard of. Every member notes its own clients and tells the leader; the leader alone
 * proposes expiry, measured on its monotonic clock. A new leader has heard of nobody and so gives
 * every session its full timeout again, as ZooKeeper's does.
 *
 * A client counts its session's life from the last sign that a member answered. The leader may not
 * know of that sign yet, or never hear of it: the member's link breaks, while it goes on answering
 * for up to `contactMaxMs`. The leader therefore allows for what each member may have answered
 * after its last report. Every session is given that time, whoever was last heard to serve it: its
 * client may just have gone on to another member, which nobody has heard of it from yet. Nor do
 * members know at once that another leads: one that handed leadership over, or had it taken by
 * hand, goes on for a lease, and so do those that reach it alone.
 */
export class SessionLiveness {
  readonly #leaseMs: number;
  /** When this leader last heard of a session. */
  readonly #heard = new Map<number, number>();
  /** When each member last reported to this leader. */
  readonly #reports = new Map<string, number>();
  /** Signs of life that no leader has confirmed, and when they came. */
  readonly #touched = new Map<number, number>();
  #leadsSinceMs: number | undefined;

  /** `leaseMs`: how long a leader may lead on that nobody answers any more. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Sessions that something is kept of. */
  get size(): number {
    return new Set([...this.#heard.keys(), ...this.#touched.keys()]).size;
  }

  /** A client of this node gave a sign of life. */
  touch(session: number, nowMs: number): void {
    if (this.#leadsSinceMs !== undefined) this.#heard.set(session, nowMs);
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
      if (exists(session)) this.#heard.set(session, nowMs);
    }
  }

  /** Leader: how long ago a session was last heard of; when it never was, the lead was taken. */
  silenceMs(session: number, nowMs: number): number {
    return nowMs - (this.#heard.get(session) ?? this.#leadsSinceMs ?? nowMs);
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

  /** Leader only: those of the sessions that were silent for longer than their timeout. */
  overdue(sessions: Iterable<Timed>, nowMs: number, max: number): readonly number[] {
    const overdue: number[] = [];
    const vouchedUntilMs = this.#vouchedUntilMs(nowMs);
    const lagMs = this.#reports.size > 0 ? reportMaxMs : 0;
    for (const { id, timeoutMs } of sessions) {
      const heardAtMs = this.#heard.get(id);
      if (heardAtMs === undefined) this.#heard.set(id, nowMs);
      else if (nowMs - Math.max(heardAtMs + lagMs, vouchedUntilMs) > timeoutMs) overdue.push(id);
      if (overdue.length >= max) break;
    }
    return overdue;
  }

  /**
   * Until when members that are out of touch may have vouched for sessions, of which nothing may
   * ever be heard: those that reported to this leader once, and those that knew the one before.
   */
  #vouchedUntilMs(nowMs: number): number {
    let contactAtMs = (this.#leadsSinceMs ?? -Infinity) + this.#leaseMs;
    for (const reportedAtMs of this.#reports.values()) {
      const isSilent = nowMs - reportedAtMs > reportMaxMs;
      if (isSilent) contactAtMs = Math.max(contactAtMs, reportedAtMs);
    }
    return contactAtMs + contactMaxMs;
  }
}
