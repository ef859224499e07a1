import { compareStamps, compareVectors, type Stamp, type VersionVector } from "@meridian/merge";
import { Consistency, MeridianError, type IResponse, type IStat } from "@meridian/wire";
import type { Link } from "./link.ts";
import type { Answer } from "./result.ts";
import type { ZonePolicy } from "./zone-table.ts";

/** How one region answered a read. */
export interface Outcome {
  readonly error: MeridianError | undefined;
  readonly response: IResponse | undefined;
  readonly link: Link | undefined;
}

/** What a region knows: a value, or that there is none. */
interface Vote {
  readonly error: MeridianError | undefined;
  readonly response: IResponse;
  readonly link: Link;
}

/**
 * Waits until a majority of the regions has answered, and gives the newest of what they said. That
 * a node does not exist is an answer too.
 * @throws {MeridianError} what most regions failed with, when no majority can come together;
 * NO_NODE.
 */
export async function readMajority(
  outcomes: readonly Promise<Outcome>[],
  majority: number,
  policy: ZonePolicy,
): Promise<Answer> {
  const votes = await firstVotes(outcomes, majority);
  const best = policy.consistency === "eventual" ? newestValue(votes) : furthest(votes, policy);
  if (best.error !== undefined) throw best.error;
  const response = { ...best.response, consistency: Consistency.QUORUM };
  return { response, link: best.link, owner: ownerName(policy, best.link) };
}

function firstVotes(
  outcomes: readonly Promise<Outcome>[],
  majority: number,
): Promise<readonly Vote[]> {
  return new Promise((resolve, reject) => {
    const votes: Vote[] = [];
    let failures = 0;
    if (outcomes.length < majority) reject(tooFew(majority, outcomes.length, undefined));
    for (const outcome of outcomes) {
      void outcome.then(({ error, response, link }) => {
        const counts = error === undefined || error.code === "NO_NODE";
        if (counts && response !== undefined && link !== undefined) {
          votes.push({ error, response, link });
          if (votes.length === majority) resolve([...votes]);
          return;
        }
        failures += 1;
        if (outcomes.length - failures < majority) {
          reject(tooFew(majority, outcomes.length, error));
        }
      });
    }
  });
}

function tooFew(majority: number, regions: number, cause?: MeridianError): MeridianError {
  const passes = cause === undefined || cause.retryable || cause.code === "DEADLINE";
  if (!passes) return cause;
  const message = `a quorum read needs ${majority} of ${regions} regions, and fewer answer`;
  return new MeridianError("REGION_UNAVAILABLE", message, cause === undefined ? {} : { cause });
}

/** One cluster owns the zone: the region that has followed its history furthest knows best. */
function furthest(votes: readonly Vote[], policy: ZonePolicy): Vote {
  return votes.reduce((best, vote) => {
    const a = placeIn(best, ownerName(policy, best.link));
    const b = placeIn(vote, ownerName(policy, vote.link));
    return b.incarnation - a.incarnation || b.index - a.index > 0 ? vote : best;
  });
}

function placeIn(
  { response, link }: Vote,
  owner: string,
): { readonly incarnation: number; readonly index: number } {
  const { welcome } = link;
  if (welcome !== undefined && welcome.cluster === owner) {
    return { incarnation: welcome.incarnation, index: response.index };
  }
  const known = response.positions.find(({ cluster }) => cluster === owner);
  return known ?? { incarnation: 0, index: 0 };
}

/**
 * Every region wrote for itself: a value that has seen the other one wins; among concurrent ones
 * the later stamp, then the larger region name, as the merge rule `lww` has it. A region without
 * the node may just not have heard of it.
 */
function newestValue(votes: readonly Vote[]): Vote {
  return votes.reduce((best, vote) => {
    const a = statOf(best.response);
    const b = statOf(vote.response);
    if (b === undefined) return best;
    if (a === undefined) return vote;
    return isNewer(b, a) ? vote : best;
  });
}

function isNewer(a: IStat, b: IStat): boolean {
  const order = compareVectors(vectorOf(a), vectorOf(b));
  if (order === "after" || order === "before") return order === "after";
  return compareStamps(stampOf(a), stampOf(b)) > 0;
}

function vectorOf(stat: IStat): VersionVector {
  return new Map(stat.vector.map(({ region, counter }) => [region, counter]));
}

/** The stamp itself does not travel to clients; this is as near as a Stat comes to it. */
function stampOf(stat: IStat): Stamp {
  return { ms: stat.mtimeMs, counter: 0, region: stat.origin };
}

function statOf(response: IResponse): IStat | undefined {
  return response.node?.stat ?? response.exists?.stat ?? response.children?.stat;
}

function ownerName(policy: ZonePolicy, link: Link): string {
  if (policy.consistency === "strict") return "global";
  if (policy.consistency === "regional") return policy.home;
  return link.welcome?.cluster ?? "";
}
