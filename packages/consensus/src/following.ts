import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";
import { promise } from "./lease.ts";
import type { Message } from "./message.ts";
import type { MessageOf } from "./message-of.ts";
import { noteMatched } from "./recovery.ts";

/** A leader of this term sent entries. Raft paper, figure 2, "AppendEntries RPC". */
export function onAppend(core: Core, message: MessageOf<"append">): void {
  if (!isWellFormed(message)) return;
  const { log } = core;
  const { index, logTerm, entries } = message;
  if (index < log.commitIndex) {
    accept(core, message, log.commitIndex);
    return;
  }
  if (log.term(index) !== logTerm) {
    refuse(core, message);
    return;
  }
  const from = log.merge(entries);
  if (from !== undefined) learnConfigurations(core, entries, from);
  const last = index + entries.length;
  // Not further than this leader has vouched for: what comes after may be somebody else's.
  log.commitTo(Math.min(message.commit, last));
  accept(core, message, last);
}

/** The leader of this term lives, and tells what is committed of what it knows to be here. */
export function onHeartbeat(core: Core, message: MessageOf<"heartbeat">): void {
  const { id, term } = core;
  const { from, commit, context, sentMs } = message;
  const { log } = core;
  // The leader may count on acknowledgements of a log that is lost.
  log.commitTo(core.recovery === undefined ? commit : Math.min(commit, log.lastIndex));
  promise(core);
  const answer = { type: "heartbeat-answer", from: id, to: from, term, context } as const;
  core.send(sentMs === undefined ? answer : { ...answer, sentMs });
}

/**
 * The leader's snapshot is staged here. Taken over unless it is old, or the log goes through it
 * anyway; then nothing but the commit index moves.
 */
export function onSnapshot(core: Core, message: MessageOf<"snapshot">): void {
  const { mark } = message;
  const { log } = core;
  if (mark.index > log.commitIndex) {
    if (log.term(mark.index) === mark.term) {
      log.commitTo(mark.index);
    } else {
      log.reset(mark);
      core.delivery.reset(mark.index);
      core.configurations.reset(mark.index, mark.configuration);
      core.adopt();
    }
  }
  accept(core, message, log.commitIndex);
}

/**
 * Entries at or after `from` are new in the log: configurations among them count at once, those
 * that were cut off no longer do.
 */
export function learnConfigurations(core: Core, entries: readonly Entry[], from: number): void {
  let changed = core.configurations.truncate(from);
  for (const entry of entries) {
    if (entry.kind !== "configuration" || entry.index < from) continue;
    const configuration = core.codec.decode(entry.data);
    changed = core.configurations.append(entry.index, configuration) || changed;
  }
  if (changed) core.adopt();
}

/** One answer stands for all before it: those that still wait for the disk are merged. */
function accept(core: Core, message: MessageOf<"append" | "snapshot">, matched: number): void {
  noteMatched(core, matched);
  if (message.type === "append" && message.quiet === true) return;
  const { id, term, afterPersist } = core;
  const to = message.from;
  const last = afterPersist.at(-1);
  let index = matched;
  if (last?.type === "append-answer" && !last.reject && last.to === to && last.term === term) {
    index = Math.max(index, last.index);
    afterPersist.pop();
  }
  core.send({
    type: "append-answer",
    from: id,
    to,
    term,
    index,
    reject: false,
    hint: 0,
    logTerm: 0,
  });
}

/**
 * Refuses with the highest index whose term could be in the leader's log, so that a whole term is
 * passed over in one round. What is committed here is in the leader's log, so the search ends
 * there.
 */
function refuse(core: Core, message: MessageOf<"append">): void {
  const { log, id, term } = core;
  const last = Math.min(message.index, log.lastIndex);
  const hint = Math.max(
    log.lastIndexWithTermAtMost(message.logTerm, log.commitIndex, last),
    log.commitIndex,
  );
  core.send({
    type: "append-answer",
    from: id,
    to: message.from,
    term,
    index: message.index,
    reject: true,
    hint,
    logTerm: log.term(hint) ?? 0,
  });
}

/**
 * Indexes without gaps, terms that never fall and are not of the future. Anything else is not from
 * a leader.
 */
function isWellFormed(message: MessageOf<"append">): boolean {
  let { index, logTerm } = message;
  for (const entry of message.entries) {
    index += 1;
    if (entry.index !== index || entry.term < logTerm) return false;
    logTerm = entry.term;
  }
  return logTerm <= message.term;
}

/** Tells a leader of an older term that its time is over. */
export function answerStale(core: Core, message: Message): void {
  const { id, term } = core;
  if (message.type === "pre-vote") {
    core.send({ type: "pre-vote-answer", from: id, to: message.from, term, reject: true });
  } else if (
    message.type === "append" ||
    message.type === "heartbeat" ||
    message.type === "snapshot"
  ) {
    core.send({
      type: "append-answer",
      from: id,
      to: message.from,
      term,
      index: 0,
      reject: true,
      hint: 0,
      logTerm: 0,
    });
  }
}
