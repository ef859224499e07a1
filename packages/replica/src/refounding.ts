import { type Configuration, type NodeId, type VoterGroup } from "@meridian/consensus";
import type { Storage } from "@meridian/storage";
import { saysSuperseded } from "@meridian/transport";
import {
  type Encodable,
  type IForcePromoteRequest,
  type IForcePromoteResponse,
  type ILogPoint,
  type IRefoundRequest,
  type IRefoundResponse,
  MeridianError,
} from "@meridian/wire";
import type { Clock } from "./clock.ts";
import { configurationCodec } from "./configuration-codec.ts";
import { type Fork, forkOf, withFork } from "./fork.ts";
import type { Log } from "./log.ts";
import type { Replica } from "./replica.ts";
import type { Succession } from "./succession.ts";

/** What refounding needs of its member. */
export interface RefoundingOptions {
  readonly place: { readonly node: NodeId; readonly region: string };
  readonly incarnation: number;
  readonly storage: Storage;
  readonly replica: Replica;
  readonly regionOf: (node: NodeId) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends this life; the next one begins on what the succession says. */
  readonly succeed: (succession: Succession) => void;
}

/** What a voter that could take part says. */
interface Offer {
  readonly node: NodeId;
  readonly last: ILogPoint;
  readonly snapshot: ILogPoint;
  readonly term: number;
}

/**
 * Terms by which an incarnation begins beyond the highest that its voters know of: the rest of the
 * abandoned one may go on electing leaders for years and does not get there. So an index and a term
 * name one entry in all histories together.
 */
const termLead = 2 ** 30;
/** Time for answers to leave before this life ends. */
const partingMs = 100;
const none: ILogPoint = { index: 0, term: 0 };

/**
 * Begins a new incarnation of a cluster with one voter group alone, by an operator's hand, when the
 * others are lost. All voters of the group are asked first, and a majority of them must be able to
 * take part; then each of these makes it durable and begins anew, and they elect a leader among
 * themselves. An attempt that was interrupted is completed by asking for it again.
 */
export class Refounding {
  readonly #options: RefoundingOptions;
  #begun = false;

  constructor(options: RefoundingOptions) {
    this.#options = options;
  }

  /**
   * Has the own group begin the next incarnation.
   * @throws {MeridianError} BAD_ARGUMENTS; REGION_UNAVAILABLE when too few can take part.
   */
  async promote(request: IForcePromoteRequest): Promise<Encodable<IForcePromoteResponse>> {
    const { replica, storage, place, log } = this.#options;
    const forced = storage.member.forced?.configuration;
    const configuration = forced ?? replica.configuration;
    const group = this.#groupFor(request, configuration, forced !== undefined);
    // In force here already, but not yet in the log: the others may have missed it.
    const from = this.#options.incarnation - (forced === undefined ? 0 : 1);
    const offers = await this.#offers(group, from);
    const able = compatible(offers.able);
    const [ahead] = offers.begun;
    if (ahead !== undefined && forced === undefined) {
      throw refused(`${ahead} has begun one: ask it once more, to have the others begin it too`);
    }
    const count = able.length + offers.begun.length;
    if (count * 2 <= group.voters.length) throw tooFew(group, count, offers.reasons);
    const firstTerm = Math.max(...able.map(({ term }) => term)) + termLead;
    const next = forced ?? alone(configuration, group, this.#fork(from, firstTerm));
    const order = {
      begin: true,
      term: forkOf(next)?.firstTerm ?? firstTerm,
      configuration: configurationCodec.encode(next),
      floor: extreme(
        able.map(({ last }) => last),
        isBefore,
      ),
      ceiling: extreme(
        able.map(({ snapshot }) => snapshot),
        (a, b) => isBefore(b, a),
      ),
    };
    const others = able.map(({ node }) => node).filter((node) => node !== place.node);
    const begun = await this.#order(others, from, order);
    const members = [place.node, ...offers.begun, ...begun];
    if (members.length * 2 <= group.voters.length) {
      throw tooFew(group, members.length, offers.reasons);
    }
    log.warn({ incarnation: from + 1, members }, "a new incarnation begins by an operator's hand");
    if (forced === undefined) this.#begin(next);
    return { incarnation: from + 1, members };
  }

  /** Answers another voter of the group. */
  answer(from: NodeId, request: IRefoundRequest): Encodable<IRefoundResponse> {
    const offer = this.#offer();
    const refusal = this.#refusal(request, offer);
    if (refusal === "" && request.begin) {
      this.#options.log.warn({ by: from }, "a new incarnation begins by an operator's hand");
      this.#begin(configurationCodec.decode(request.configuration));
    }
    return { ...offer, refusal };
  }

  #groupFor(
    { region, acceptLoss }: IForcePromoteRequest,
    configuration: Configuration,
    isRepeated: boolean,
  ): VoterGroup {
    const { place, regionOf, replica } = this.#options;
    if (!acceptLoss) throw refused("it has to be accepted that acknowledged writes may be lost");
    if (region !== place.region) throw refused(`${place.node} is in ${place.region}`);
    const group = configuration.groups.find(({ voters }) => voters.includes(place.node));
    if (group === undefined) throw refused(`${place.node} has no vote`);
    if (configuration.witnesses.includes(place.node)) throw refused("witnesses hold no data");
    const strays = group.voters.filter((voter) => (regionOf(voter) ?? region) !== region);
    if (strays.length > 0) throw refused(`${strays.join(", ")} of the group are elsewhere`);
    if (configuration.groups.length < 2 && !isRepeated) {
      throw refused("the group is all there is: its majority decides without force");
    }
    const { leader } = replica.soft;
    if (leader !== undefined) throw refused(`${leader} leads: nothing has to be forced`);
    return group;
  }

  async #offers(
    { voters }: VoterGroup,
    from: number,
  ): Promise<{
    readonly able: readonly Offer[];
    /** Those who are ahead of this attempt. */
    readonly begun: readonly NodeId[];
    readonly reasons: readonly string[];
  }> {
    const begun: NodeId[] = [];
    const { replica, place } = this.#options;
    const reasons: string[] = [];
    const able: Offer[] = [{ node: place.node, ...this.#offer() }];
    const question = { begin: false, term: 0, configuration: new Uint8Array(0) };
    const asked = voters.filter((voter) => voter !== place.node);
    await Promise.all(
      asked.map(async (node) => {
        try {
          const answer = await replica.peers.refound(node, from, question);
          const { refusal, last, snapshot, term } = answer;
          if (refusal === "")
            able.push({ node, last: last ?? none, snapshot: snapshot ?? none, term });
          else reasons.push(`${node}: ${refusal}`);
        } catch (error) {
          if (saysSuperseded(error as Error)) begun.push(node);
          else reasons.push(`${node}: ${(error as Error).message}`);
        }
      }),
    );
    return { able, begun, reasons };
  }

  /** Who has begun. */
  async #order(
    others: readonly NodeId[],
    from: number,
    order: Encodable<Omit<IRefoundRequest, "hello">>,
  ): Promise<readonly NodeId[]> {
    const { replica } = this.#options;
    const begun = others.map(async (node) => {
      const { refusal } = await replica.peers.refound(node, from, order);
      return refusal === "" ? [node] : [];
    });
    const settled = await Promise.allSettled(begun);
    return settled.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  }

  #offer(): Omit<Offer, "node"> {
    const { log } = this.#options.storage;
    const index = log.lastIndex();
    const { index: taken = 0, term = 0 } = log.snapshot() ?? {};
    return {
      last: { index, term: log.term(index) ?? 0 },
      snapshot: { index: taken, term },
      term: this.#options.replica.soft.term,
    };
  }

  /** Why this member cannot take part; empty: it can. */
  #refusal(request: IRefoundRequest, offer: Omit<Offer, "node">): string {
    const { replica, storage, place } = this.#options;
    const { leader } = replica.soft;
    if (leader !== undefined) return `${leader} leads it`;
    if (!storage.member.admitted || storage.member.recovering) return "it has no vote yet";
    if (this.#begun) return "it begins one already";
    if (!request.begin) return "";
    const { groups, witnesses } = configurationCodec.decode(request.configuration);
    const isMember = groups.some(({ voters }) => voters.includes(place.node));
    if (!isMember || witnesses.length > 0) return "it is not of that group";
    if (isBefore(request.floor ?? none, offer.snapshot)) return "its snapshot is too new";
    if (isBefore(offer.last, request.ceiling ?? none)) return "its log is too short";
    return "";
  }

  #begin(configuration: Configuration): void {
    if (this.#begun) return;
    this.#begun = true;
    const { clock, succeed, incarnation } = this.#options;
    clock.after(partingMs, () => {
      succeed({ kind: "refounded", incarnation: incarnation + 1, configuration });
    });
  }

  /** Where it is left is for the first leader to say. */
  #fork(incarnation: number, firstTerm: number): Fork {
    const { replica, storage } = this.#options;
    const { appliedIndex: index } = replica.tree;
    const term = storage.log.term(index);
    const applied = term === undefined ? undefined : { index, term };
    return { incarnation, firstTerm, applied, last: undefined, terms: [] };
  }
}

/** The group without anybody else. */
function alone(
  configuration: Configuration,
  { name, voters }: VoterGroup,
  fork: Fork,
): Configuration {
  const { heldBy: _, ...rest } = configuration;
  const only = {
    ...rest,
    groups: [{ name, voters, weight: 1 }],
    learners: [],
    witnesses: [],
    outgoingGroups: [],
    autoLeave: false,
  };
  return withFork(only, fork);
}

/**
 * Those of whom any could lead the others: what is in the snapshot of one cannot be taken back, so
 * each needs a log that goes at least as far. Who is too far behind comes back later, empty.
 */
function compatible(offers: readonly Offer[]): readonly Offer[] {
  const ceiling = extreme(
    offers.map(({ snapshot }) => snapshot),
    (a, b) => isBefore(b, a),
  );
  return offers.filter(({ last }) => !isBefore(last, ceiling));
}

/** The first in an order. */
function extreme(
  points: readonly ILogPoint[],
  precedes: (a: ILogPoint, b: ILogPoint) => boolean,
): ILogPoint {
  return points.reduce((best, point) => (precedes(point, best) ? point : best));
}

/** How logs compare in elections. */
function isBefore(a: ILogPoint, b: ILogPoint): boolean {
  return a.term < b.term || (a.term === b.term && a.index < b.index);
}

function refused(why: string): MeridianError {
  return new MeridianError("BAD_ARGUMENTS", `no new incarnation: ${why}`);
}

function tooFew(
  { name, voters }: VoterGroup,
  count: number,
  reasons: readonly string[],
): MeridianError {
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  const message =
    `no new incarnation: ${count} of the ${voters.length} voters of group ${name} can take ` +
    `part, more than half are needed${why}`;
  return new MeridianError("REGION_UNAVAILABLE", message);
}
