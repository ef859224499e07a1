/** Sessions that one expire command may end; the rest follow in the next sweep. */
const expiredMax = 500;
/** Life signs that wait for the next report to the leader. */
const touchedMax = 50_000;

/** What is known of a session in the tree. */
interface Timed {
  readonly id: number;
  readonly timeoutMs: number;
}

/**
 * Who has been heard of. Every member notes its own clients and tells the leader; the leader alone proposes expiry, measured on its monotonic
 * clock. A new leader has heard of nobody and so gives every session its full timeout again, as ZooKeeper's does.
 */
export class SessionLiveness {
  readonly #heardAtMs = new Map<number, number>();
  readonly #touched = new Set<number>();

  /** A client of this node gave a sign of life. */
  touch(session: number, nowMs: number): void {
    this.#heardAtMs.set(session, nowMs);
    if (this.#touched.size < touchedMax) this.#touched.add(session);
  }

  /** Another member reports signs of life. */
  heard(sessions: readonly number[], nowMs: number): void {
    for (const session of sessions) this.#heardAtMs.set(session, nowMs);
  }

  /** Sessions heard of here since the last call. */
  takeTouched(): readonly number[] {
    if (this.#touched.size === 0) return [];
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** A new leader starts counting from now. */
  reset(): void {
    this.#heardAtMs.clear();
  }

  /** The session has ended. */
  forget(session: number): void {
    this.#heardAtMs.delete(session);
    this.#touched.delete(session);
  }

  /** Leader only: sessions that have been silent for longer than their timeout, at most 500. */
  overdue(sessions: Iterable<Timed>, nowMs: number): readonly number[] {
    const overdue: number[] = [];
    for (const { id, timeoutMs } of sessions) {
      const heardAtMs = this.#heardAtMs.get(id);
      if (heardAtMs === undefined) this.#heardAtMs.set(id, nowMs);
      else if (nowMs - heardAtMs > timeoutMs) overdue.push(id);
      if (overdue.length >= expiredMax) break;
    }
    return overdue;
  }
}
