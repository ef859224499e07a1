import { isJoint, leaveJoint } from "./configuration.ts";
import type { Core, Leader } from "./core.ts";
import type { Configuration, Entry, EntryKind } from "./entry.ts";
import { learnConfigurations } from "./following.ts";
import { entryOverheadBytes } from "./options.ts";
import { replicate } from "./replication.ts";
import { becomeLeader, trackMembers } from "./role.ts";
import { confirmReads, startReads } from "./read-index.ts";
import { traceAppended, traceOwnAppend, traceState } from "./trace.ts";
import { resign } from "./transfer.ts";

/**
 * Takes over: an empty entry of the own term lets everything before it be committed. Raft paper,
 * section 8.
 */
export function lead(core: Core): void {
  const leader = becomeLeader(core);
  append(core, leader, "empty", [new Uint8Array(0)]);
  // In force here and wherever votes came from, so nothing changes by it.
  const { missing } = core.configurations;
  if (missing !== undefined) appendConfiguration(core, leader, missing);
}

/**
 * Adds entries to the own log. They go to the followers with the next `Ready`, before the own disk
 * has them.
 */
export function append(
  core: Core,
  leader: Leader,
  kind: EntryKind,
  data: readonly Uint8Array[],
): void {
  const { log, term } = core;
  let bytes = 0;
  for (const item of data) {
    const entry: Entry = { index: log.lastIndex + 1, term, kind, data: item };
    log.push(entry);
    traceAppended(core, entry);
    bytes += item.byteLength + entryOverheadBytes;
  }
  traceOwnAppend(core, "Send", log.lastIndex);
  leader.uncommitted.add(log.lastIndex, bytes);
  leader.dirty = true;
}

/** Adds a configuration, which counts from now on. */
export function appendConfiguration(
  core: Core,
  leader: Leader,
  configuration: Configuration,
): void {
  const { incarnation } = core.configuration;
  const next = incarnation === undefined ? configuration : { ...configuration, incarnation };
  append(core, leader, "configuration", [core.codec.encode(next)]);
  const index = core.log.lastIndex;
  learnConfigurations(core, core.log.entries(index, index + 1, Infinity), index);
  trackMembers(core, leader);
  // With fewer voters the answers that are there may be enough, and nobody may be left to send
  // more.
  confirmReads(core, leader);
}

/**
 * Commits what a quorum has durable, if it is of the own term; older entries only along with such a
 * one. Counting those would be the error of the Raft paper's figure 8.
 */
export function advanceCommit(core: Core, leader: Leader): void {
  const { log } = core;
  const index = core.quorum.committedIndex(leader.matchOf);
  if (index <= log.commitIndex || log.term(index) !== core.term) return;
  const { newestIndex } = core.configurations;
  const settles =
    newestIndex <= index && (newestIndex > log.commitIndex || !leader.committedInTerm);
  log.commitTo(index);
  traceState(core, "Commit");
  leader.committedInTerm = true;
  leader.uncommitted.committed(index);
  leader.dirty = true;
  if (settles) settleConfiguration(core, leader);
}

/**
 * The newest configuration is committed: leaves it when it is joint, leaves office when it has no
 * place for us.
 */
function settleConfiguration(core: Core, leader: Leader): void {
  const { configuration } = core;
  // Those who are to be forgotten hear of it.
  replicate(core, leader);
  trackMembers(core, leader);
  if (isJoint(configuration)) {
    if (configuration.autoLeave) appendConfiguration(core, leader, leaveJoint(configuration));
  } else if (!core.voters.has(core.id)) {
    resign(core, leader);
  }
}

/** Whatever the leader owes its followers, into the outbox. */
export function flush(core: Core): void {
  const { role } = core;
  if (role.kind !== "leader") return;
  replicate(core, role);
  startReads(core, role);
}

/**
 * Highest index that a majority of every group that keeps state has durable: witnesses may forget
 * up to here.
 */
export function safeIndex(core: Core, leader: Leader): number {
  const { groups, outgoingGroups, witnesses } = core.configuration;
  let safe = core.log.commitIndex;
  for (const group of [...groups, ...outgoingGroups]) {
    if (group.voters.every((id) => witnesses.includes(id))) continue;
    const indexes = group.voters.map((id) => leader.matchOf(id)).toSorted((a, b) => b - a);
    safe = Math.min(safe, indexes[group.voters.length >> 1] ?? 0);
  }
  return safe;
}
