import type { Core, Leader } from "./core.ts";
import type { MessageOf } from "./message-of.ts";

/**
 * What answering reads without a round rests on: a voter that answered a heartbeat helps nobody
 * else into office for `leaseTicks`, so for somewhat less, counted from when the heartbeats were
 * sent that a quorum answered, nobody else can have committed anything. Raft thesis, section 6.4.1.
 */
export interface Lease {
  /** How long the leader relies on it. */
  readonly ms: number;
  /** The driver's monotonic clock as last told: heartbeats were not sent before. */
  nowMs: number;
  /**
   * Tick of the last heartbeat that was answered here. It binds whatever happens since: to the
   * knowledge of a leader, which a message of a later term takes away; and to the process, so that
   * a restart counts as a heartbeat.
   */
  promisedTick: number;
}

/** As options say; undefined: every read takes a round. */
export function leaseOf(ms: number | undefined): Lease | undefined {
  return ms === undefined ? undefined : { ms, nowMs: 0, promisedTick: 0 };
}

/** The driver tells the time. It never goes back. */
export function tellTime({ lease }: Core, nowMs: number | undefined): void {
  if (lease === undefined || nowMs === undefined) return;
  lease.nowMs = Math.max(lease.nowMs, nowMs);
}

/** Whether a leader may still rely on this member to vote for nobody else. */
export function isPromised({ lease, now, timing }: Core): boolean {
  return lease !== undefined && now - lease.promisedTick < timing.leaseTicks;
}

/** A heartbeat is answered. */
export function promise({ lease, now }: Core): void {
  if (lease !== undefined) lease.promisedTick = now;
}

/** A voter answered the heartbeat that was sent at this time. */
export function onPromise(
  core: Core,
  leader: Leader,
  { from, sentMs }: MessageOf<"heartbeat-answer">,
): void {
  const progress = leader.progress.get(from);
  if (core.lease === undefined || progress === undefined || sentMs === undefined) return;
  if (sentMs <= core.lease.nowMs) progress.promisedMs = Math.max(progress.promisedMs, sentMs);
}

/**
 * Whether the time told last is within the lease. Not before the first commit of the term, since
 * before it the commit index may be behind that of an earlier leader; not while leadership is
 * handed over, and never again in a term in which somebody was told to campaign: that word may
 * arrive late, and promises do not count against it.
 */
export function holdsLease(core: Core, leader: Leader): boolean {
  const { lease } = core;
  if (lease === undefined || !leader.committedInTerm) return false;
  if (leader.transfer !== undefined || leader.urged) return false;
  const sinceMs = core.quorum.committedIndex((member) =>
    member === core.id ? lease.nowMs : (leader.progress.get(member)?.promisedMs ?? 0),
  );
  return sinceMs > 0 && lease.nowMs - sinceMs < lease.ms;
}
