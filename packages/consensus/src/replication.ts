import type { Core, Leader } from "./core.ts";
import type { Entry, NodeId } from "./entry.ts";
import type { MessageOf } from "./message-of.ts";
import type { Progress } from "./progress.ts";

/** Sends every follower what it may have: new entries, a newer commit index, a snapshot. */
export function replicate(core: Core, leader: Leader): void {
  if (!leader.dirty) return;
  leader.dirty = false;
  const slices = new Slices(core);
  for (const [id, progress] of leader.progress) {
    while (progress.ready && hasNews(core, progress)) {
      if (!sendAppend(core, id, progress, slices, progress.state === "replicate")) break;
    }
  }
}

/**
 * Heartbeats, to voters only when they are to confirm reads. They carry the newest read round, so
 * that a lost one is made up for by the next.
 */
export function sendHeartbeats(core: Core, leader: Leader, votersOnly: boolean): void {
  const { id, term, voters } = core;
  const context = leader.reads.newest;
  const sentMs = core.lease && Math.floor(core.lease.nowMs);
  for (const [to, progress] of leader.progress) {
    if (votersOnly && !voters.has(to)) continue;
    const commit = Math.min(progress.match, core.log.commitIndex);
    progress.sentCommit = Math.max(progress.sentCommit, commit);
    const heartbeat = { type: "heartbeat", from: id, to, term, commit, context } as const;
    core.send(sentMs === undefined ? heartbeat : { ...heartbeat, sentMs });
  }
}

/** A follower says how far it is, or where it differs. True if the commit index may have moved. */
export function onAppendAnswer(
  core: Core,
  leader: Leader,
  message: MessageOf<"append-answer">,
): boolean {
  const progress = leader.progress.get(message.from);
  if (progress === undefined || message.index > core.log.lastIndex) return false;
  progress.heard(core.now);
  leader.dirty = true;
  if (message.reject) {
    progress.retreat(message.index, agreement(core, progress, message));
    return false;
  }
  const advanced = progress.advance(message.index);
  if (!advanced && !(progress.state === "probe" && progress.match === message.index)) return false;
  if (progress.state === "probe") {
    progress.becomeReplicate();
  } else if (progress.state === "replicate") {
    progress.inflight.freeTo(message.index);
  } else if (progress.match + 1 >= core.log.firstIndex) {
    // The snapshot, or something better, has arrived: the log goes on from here.
    progress.becomeProbe();
    progress.becomeReplicate();
  }
  return advanced;
}

/**
 * A follower lives. One that is behind gets an append, also if it had to wait: the last one may be
 * lost.
 */
export function onHeartbeatAnswer(
  core: Core,
  leader: Leader,
  message: MessageOf<"heartbeat-answer">,
): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  progress.heard(core.now);
  progress.paused = false;
  if (progress.state === "snapshot") return;
  if (progress.match < core.log.lastIndex || progress.state === "probe") {
    sendAppend(core, message.from, progress, new Slices(core), false);
    leader.dirty = true;
  }
}

/** Whether a follower could be brought up to date from what this member keeps. */
export function canFeed(core: Core, to: NodeId, progress: Progress): boolean {
  return core.log.term(progress.next - 1) !== undefined || snapshotFor(core, to) !== undefined;
}

/** Whether there is something that the follower has not been sent. */
function hasNews(core: Core, progress: Progress): boolean {
  if (progress.state === "probe" || progress.next <= core.log.lastIndex) return true;
  // The follower can use the commit index only as far as it has the entries.
  const { sentCommit, next } = progress;
  return core.log.commitIndex > sentCommit && sentCommit < next - 1;
}

/**
 * Sends one append, perhaps an empty one, or a snapshot. False if neither was possible. An empty
 * one need not be answered where `mayBeQuiet`: that is for asking how far a follower is.
 */
function sendAppend(
  core: Core,
  to: NodeId,
  progress: Progress,
  slices: Slices,
  mayBeQuiet: boolean,
): boolean {
  const { log, id, term } = core;
  const index = progress.next - 1;
  const logTerm = log.term(index);
  if (logTerm === undefined) return sendSnapshot(core, to, progress);
  const full = progress.state === "replicate" && progress.inflight.full;
  const entries = full ? [] : slices.from(progress.next);
  const commit = log.commitIndex;
  const append = { type: "append", from: id, to, term, index, logTerm, entries, commit } as const;
  core.send(mayBeQuiet && index === log.lastIndex ? { ...append, quiet: true } : append);
  progress.sent(entries.length, slices.bytes, commit);
  return true;
}

/**
 * Only to a follower that lives, since nothing else is sent until the driver reports how it went.
 */
function sendSnapshot(core: Core, to: NodeId, progress: Progress): boolean {
  const mark = snapshotFor(core, to);
  const silent = core.now - progress.activeTick >= core.timing.leaseTicks;
  if (mark === undefined || silent) {
    progress.paused = true;
    return false;
  }
  const { id, term } = core;
  progress.becomeSnapshot(mark.index);
  core.send({ type: "snapshot", from: id, to, term, mark });
  return true;
}

/** A witness keeps no state, so it has a snapshot only for those that keep none either. */
function snapshotFor(core: Core, to: NodeId): ReturnType<Core["log"]["snapshot"]> {
  const useful = !core.isWitness || core.configuration.witnesses.includes(to);
  return useful ? core.log.snapshot() : undefined;
}

/**
 * Where the logs may agree, by what a refusing follower hints: its term there must not be smaller
 * than the leader's, so the leader passes over its own later terms in one step too.
 */
function agreement(core: Core, progress: Progress, message: MessageOf<"append-answer">): number {
  const { log } = core;
  const to = Math.min(message.hint, log.lastIndex);
  const from = Math.max(progress.match, log.firstIndex - 1);
  if (message.logTerm === 0 || to < from) return to;
  return log.lastIndexWithTermAtMost(message.logTerm, from, to);
}

/**
 * Entries for one round of appends: followers that are equally far get the same array, encodable
 * once.
 */
class Slices {
  readonly #core: Core;
  #start = 0;
  #entries: readonly Entry[] = [];
  /** Sum of `data.byteLength` of the last slice. */
  bytes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  from(start: number): readonly Entry[] {
    const { log, limits } = this.#core;
    if (start === this.#start) return this.#entries;
    this.#start = start;
    this.bytes = 0;
    this.#entries =
      start > log.lastIndex ? [] : log.entries(start, log.lastIndex + 1, limits.appendBytesMax);
    for (const entry of this.#entries) this.bytes += entry.data.byteLength;
    return this.#entries;
  }
}
