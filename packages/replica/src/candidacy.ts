import { votersOf } from "@meridian/consensus";
import type { Caller } from "@meridian/transport";
import { type Encodable, type IStandForElectionResponse, MeridianError } from "@meridian/wire";
import { type Clock, every } from "./clock.ts";
import type { HeardLeader } from "./heard-leader.ts";
import type { Log } from "./log.ts";
import type { Replica } from "./replica.ts";

/** What a candidacy is about. */
export interface CandidacyOptions {
  readonly place: { readonly node: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly leader: HeardLeader;
  /** The others have agreed that this member takes part. */
  readonly isAdmitted: () => boolean;
}

const pollMs = 20;
/** A campaign ends by itself after about two election timeouts; this is for clocks that stand. */
const campaignMaxMs = 10_000;
/** What to do after a refusal that time heals. */
const retryAfterMs = 500;

/**
 * Elections by an operator's hand: a voter that another group holds back tries to lead all the
 * same. It is tried once, and only where nobody is heard to lead.
 */
export class Candidacy {
  readonly #replica: Replica;
  readonly #options: CandidacyOptions;
  /** The campaign under way, which all who ask meanwhile wait for. */
  #campaign: Promise<Encodable<IStandForElectionResponse>> | undefined;
  #stopped = false;

  constructor(replica: Replica, options: CandidacyOptions) {
    this.#replica = replica;
    this.#options = options;
  }

  /**
   * Tries to lead, and resolves when somebody leads.
   * @throws {MeridianError} CHANGE_REFUSED with the hint `led` (the message names the leader) or
   *   `not-voter`; CHANGE_EARLY with the hint `not-admitted`, `recovering` or `not-elected`;
   *   DEADLINE.
   */
  async stand(_: object, caller: Caller): Promise<Encodable<IStandForElectionResponse>> {
    const { log } = this.#options;
    const audited = { audit: "stand", by: caller.address };
    try {
      const answer = await (this.#campaign ??= this.#begin());
      log.warn({ ...audited, outcome: "done", ...answer }, "election by hand");
      return answer;
    } catch (error) {
      const { code: outcome, description: why } = error as MeridianError;
      log.warn({ ...audited, outcome, why }, "election by hand");
      throw error;
    } finally {
      this.#campaign = undefined;
    }
  }

  /** Ends what is waited for. */
  stop(): void {
    this.#stopped = true;
  }

  #begin(): Promise<Encodable<IStandForElectionResponse>> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#replica.campaign();
    const { clock } = this.#options;
    const startedAtMs = clock.nowMs();
    return new Promise((resolve, reject) => {
      const cancel = every(clock, pollMs, () => {
        const { leader, role, term } = this.#replica.status();
        const tries = role === "candidate" || role === "pre-candidate";
        const late = this.#stopped || clock.nowMs() - startedAtMs > campaignMaxMs;
        if (tries && !late) return;
        cancel();
        // A campaign forgets who led before, unless it never began.
        if (!late && leader !== undefined && this.#options.leader.node === leader) {
          resolve({ leader, term });
        } else reject(late ? stillOpen() : this.#notElected());
      });
    });
  }

  /** Why it does not try. */
  #refusal(): MeridianError | undefined {
    const { leader, isAdmitted, place } = this.#options;
    const { node } = place;
    if (leader.node !== undefined) {
      const message = `${node} hears from ${leader.node}, which leads: ask there`;
      return new MeridianError("CHANGE_REFUSED", message, { hint: "led" });
    }
    const { configuration, recovering } = this.#replica.status();
    if (!votersOf(configuration).includes(node) || this.#replica.isRemoved) {
      const message = `${node} has no vote: ask a voter (meridian member list names them)`;
      return new MeridianError("CHANGE_REFUSED", message, { hint: "not-voter" });
    }
    if (!isAdmitted()) {
      const message = `${node} is not admitted: the others have not agreed yet that it takes part`;
      return early("not-admitted", message);
    }
    if (!recovering) return undefined;
    const message = `${node} lost part of its log, and does not vote before it has that again`;
    return early("recovering", message);
  }

  #notElected(): MeridianError {
    const message = `${this.#options.place.node} asked for votes and was not elected`;
    return early("not-elected", `${message}: a quorum does not answer, or has a longer log`);
  }
}

function early(hint: string, message: string): MeridianError {
  return new MeridianError("CHANGE_EARLY", message, { hint, retryAfterMs });
}

function stillOpen(): MeridianError {
  return new MeridianError("DEADLINE", "the election has not ended; it may still be won");
}
