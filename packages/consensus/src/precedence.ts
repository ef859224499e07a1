import { isHeldBack } from "./configuration.ts";
import type { Core } from "./core.ts";
import type { NodeId } from "./entry.ts";
import type { MessageOf } from "./message-of.ts";
import { becomeFollower } from "./role.ts";

/**
 * Lets somebody go first whose pre-vote has just been granted, so that one member campaigns and not
 * several: waits for about a lease longer than it would have, and no longer asks for pre-votes
 * itself if the other one comes first. The members of a region hear each other long before a quorum
 * that reaches over regions has answered, so most collisions end before a term has begun.
 *
 * A member does so once a term, and again only after two election timeouts, of which it then has
 * more than one to itself. So whoever asks in vain, because it does not hear the answers or because
 * others do not want it, keeps nobody from leading. Pre-votes are granted as without this; only
 * timers and pre-campaigns depend on it, votes and terms do not.
 */
export function giveWay(core: Core, message: MessageOf<"vote" | "pre-vote">): void {
  const { role, timing, now } = core;
  const { from } = message;
  if (core.summoned || (isHeldBack(core.configuration, from) && !core.heldBack)) return;
  const second = comesFirst(core, message);
  if (second) core.precededTick = now;
  if (role.kind === "pre-candidate" && !second) {
    // It may not have heard of this campaign: it did not listen as long as the lease went on.
    if (core.voters.has(from)) askBack(core, from);
    return;
  }
  const { electionTicks, electionJitterTicks, leaseTicks } = timing;
  if (now - core.gaveWayTick < 2 * (electionTicks + electionJitterTicks)) return;
  core.gaveWayTick = now;
  if (role.kind !== "pre-candidate") {
    core.electionElapsed = Math.max(0, core.electionElapsed - leaseTicks);
    return;
  }
  becomeFollower(core, core.term, undefined);
  core.electionElapsed = electionTicks - leaseTicks;
}

/**
 * Whether a member that would win, since this tick, lets somebody try first that comes first and
 * has asked not long ago. Only when all have asked in vain for long, so that all learn at once that
 * they would win, as when regions hear each other again; and for a lease at most.
 */
export function isTurnOfOther(core: Core, wonTick: number): boolean {
  const { timing, now, askedInVain, precededTick, electionElapsed, electionTimeout } = core;
  if (!askedInVain || core.summoned || now - wonTick >= timing.leaseTicks) return false;
  // Asking anew would forget the answers.
  if (electionElapsed >= electionTimeout) return false;
  return now - precededTick < timing.electionTicks + timing.electionJitterTicks;
}

function askBack(core: Core, to: NodeId): void {
  const { id: from, term, log } = core;
  const { lastIndex: index, lastTerm: logTerm } = log;
  core.send({ type: "pre-vote", from, to, term: term + 1, index, logTerm, transfer: false });
}

/**
 * Whether the other one comes before this member: a longer log before a shorter one, then those who
 * may keep leadership before those who would hand it over, then by the order of the configuration's
 * groups, then by name. All decide alike while they have the same configuration.
 */
function comesFirst(core: Core, { from, index, logTerm }: MessageOf<"vote" | "pre-vote">): boolean {
  const { log } = core;
  // Its pre-vote was granted, so that a log that differs is a longer one.
  if (index !== log.lastIndex || logTerm !== log.lastTerm) return true;
  const [theirs, own] = [placeOf(core, from), placeOf(core, core.id)];
  return theirs === own ? from < core.id : theirs < own;
}

function placeOf({ configuration }: Core, id: NodeId): number {
  const { groups, witnesses } = configuration;
  const group = groups.findIndex(({ voters }) => voters.includes(id));
  const interim = witnesses.includes(id) || isHeldBack(configuration, id);
  return (interim ? groups.length : 0) + (group === -1 ? groups.length : group);
}
