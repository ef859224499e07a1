import {
  type Encodable,
  type IChangeMembersRequest,
  type IChangeMembersResponse,
  type IHoldLeadershipResponse,
  type IMembership,
  type IMembersResponse,
  type IStandForElectionResponse,
  MeridianError,
} from "@meridian/wire";
import { Election } from "./election.ts";

interface CallOptions {
  readonly deadlineMs: number;
}

/** A connection to one node, as far as the members of its group are concerned. */
export interface OperatorChannel {
  members(options: CallOptions): Promise<IMembersResponse>;
  changeMembers(
    request: Encodable<IChangeMembersRequest>,
    options: CallOptions,
  ): Promise<IChangeMembersResponse>;
  holdLeadership(
    request: { readonly group: string },
    options: CallOptions,
  ): Promise<IHoldLeadershipResponse>;
  standForElection(options: CallOptions): Promise<IStandForElectionResponse>;
  close(): unknown;
}

/** What came of a release. */
export interface Release extends IHoldLeadershipResponse {
  /** Who was made to lead by hand, since no leader was found; empty: that was not needed. */
  readonly elected: string;
}

/** Which group, and how to reach it. */
export interface GroupOperatorOptions {
  readonly cluster: string;
  /** host:port of nodes that were members once, in the order in which to ask them. */
  readonly seeds: readonly string[];
  /** Makes a connection to `host:port`; it is closed after each call. */
  openChannel(address: string): OperatorChannel;
  /** Region of the caller: members are asked at the address that is meant for it. */
  readonly region: string;
  /** Time for a whole change, with all attempts. */
  readonly deadlineMs: number;
  /** A change is asked for again while this finds that waiting may help. */
  readonly waitsFor?: (refusal: MeridianError) => boolean;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly pause: (forMs: number) => Promise<void>;
}

/** Time for one node to say who the members are. */
const lookMs = 2_000;
const pauseMs = 200;
/** So long a group is left to find a leader by itself, and no more than this part of all time. */
const leaderlessMs = 3_000;
const leaderlessPart = 0.25;
/** What a leader says that has just begun, or is about to end. */
const passing = "unready";

/**
 * Changes the members of one group from outside: finds out who leads it, asks there, and asks
 * again when the answer was lost or somebody else leads by now. That is safe, as what is so already
 * is not done again.
 */
export class GroupOperator {
  readonly #options: GroupOperatorOptions;
  /** Addresses by node, as last told. */
  #addresses: ReadonlyMap<string, string> = new Map();

  constructor(options: GroupOperatorOptions) {
    this.#options = options;
  }

  /**
   * Who belongs to the group: as its leader says, or, when that cannot be reached, as any member
   * does.
   * @throws {MeridianError} REGION_UNAVAILABLE or GLOBAL_UNAVAILABLE when no member answers.
   */
  async membership(): Promise<IMembership> {
    let best: IMembership | undefined;
    let last: MeridianError | undefined;
    for (const address of this.#candidates()) {
      try {
        const told = await this.#ask(address);
        if (best === undefined || told.term > best.term) best = told;
        if (told.leader !== "") break;
      } catch (error) {
        last = refusalOf(error);
      }
    }
    if (best === undefined) throw this.#unreachable(last);
    const leader = this.#addresses.get(best.leader);
    if (best.leader === best.toldBy || leader === undefined) return best;
    return await this.#ask(leader).catch(() => best);
  }

  /**
   * Changes members, and resolves when that is settled.
   * @throws {MeridianError} what the leader refused it with, DEADLINE, or as `membership` does.
   */
  change(request: Encodable<IChangeMembersRequest>): Promise<IChangeMembersResponse> {
    return this.#atLeader((channel, options) => channel.changeMembers(request, options));
  }

  /** Keeps leadership in a voter group. Rejects as `change` does. */
  hold(group: string): Promise<IHoldLeadershipResponse> {
    return this.#atLeader((channel, options) => channel.holdLeadership({ group }, options));
  }

  /**
   * Lets leadership go where it will. Where no leader is found, since the group that holds
   * leadership is gone, voters of the others are asked to stand for election first. Rejects as
   * `change` does; NOT_LEADER says who was asked and why nobody was elected.
   */
  async release(): Promise<Release> {
    const { cluster, nowMs, deadlineMs } = this.#options;
    const election = new Election({
      cluster,
      nowMs,
      patienceMs: Math.min(leaderlessMs, deadlineMs * leaderlessPart),
      look: () => this.#askAll(),
      stand: (node, ms) => this.#stand(node, ms),
    });
    const released = await this.#atLeader(
      (channel, options) => channel.holdLeadership({ group: "" }, options),
      election,
    );
    return { ...released, elected: election.elected };
  }

  /** `election`: what gets the group a leader where none is found. */
  async #atLeader<T>(
    call: (channel: OperatorChannel, options: CallOptions) => Promise<T>,
    election?: Election,
  ): Promise<T> {
    const { nowMs, pause, deadlineMs } = this.#options;
    const untilMs = nowMs() + deadlineMs;
    let hint = "";
    let wasLost = false;
    for (;;) {
      const leftMs = untilMs - nowMs();
      const outcome = await this.#attempt(call, hint, leftMs);
      if ("value" in outcome) return outcome.value;
      const { refusal } = outcome;
      const isOver = untilMs - nowMs() <= pauseMs;
      if (isOver) throw election?.explained(refusal) ?? refusal;
      if (!this.#mayRepeat(refusal, wasLost)) throw refusal;
      wasLost ||= isLoss(refusal);
      // Two that name each other must not send the caller to and fro.
      hint = refusal.code === "NOT_LEADER" && hint === "" ? refusal.hint : "";
      if (hint === "" && election !== undefined) hint = await election.after(refusal, untilMs);
      if (hint === "") await pause(Math.min(pauseMs + refusal.retryAfterMs, untilMs - nowMs()));
    }
  }

  /** One call at whoever is said to lead. */
  async #attempt<T>(
    call: (channel: OperatorChannel, options: CallOptions) => Promise<T>,
    hint: string,
    leftMs: number,
  ): Promise<{ readonly value: T } | { readonly refusal: MeridianError }> {
    try {
      const address = this.#addresses.get(hint) ?? (await this.#leader());
      const deadlineMs = Math.max(1, leftMs);
      return { value: await this.#with(address, (channel) => call(channel, { deadlineMs })) };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  }

  #mayRepeat(refusal: MeridianError, wasLost: boolean): boolean {
    if (refusal.code === "NOT_LEADER" || isLoss(refusal)) return true;
    if (refusal.code !== "CHANGE_EARLY") return false;
    // After a lost answer the change under way is probably this one.
    const isOwn = wasLost && refusal.hint === "in-flight";
    return isOwn || refusal.hint === passing || this.#options.waitsFor?.(refusal) === true;
  }

  async #leader(): Promise<string> {
    const { leader } = await this.membership();
    const address = this.#addresses.get(leader);
    if (address !== undefined) return address;
    const message = leader === "" ? "nobody leads now" : `the address of ${leader} is not known`;
    throw new MeridianError("NOT_LEADER", `${this.#options.cluster}: ${message}`);
  }

  async #ask(address: string): Promise<IMembership> {
    const options = { deadlineMs: lookMs };
    const { membership } = await this.#with(address, (channel) => channel.members(options));
    const { cluster } = this.#options;
    if (membership?.cluster !== cluster) {
      const found = membership?.cluster ?? "none";
      throw new MeridianError("MOVED", `expected a member of ${cluster}, found one of ${found}`);
    }
    this.#learn(membership);
    return membership;
  }

  /** What all members say that can be reached. */
  async #askAll(): Promise<readonly IMembership[]> {
    const asked = this.#candidates().map((address) =>
      this.#ask(address).catch((error: unknown) => void refusalOf(error)),
    );
    const told = await Promise.all(asked);
    return told.filter((membership) => membership !== undefined);
  }

  async #stand(node: string, deadlineMs: number): Promise<IStandForElectionResponse> {
    const address = this.#addresses.get(node);
    if (address === undefined) throw this.#unreachable(undefined);
    return await this.#with(address, (channel) => channel.standForElection({ deadlineMs }));
  }

  #learn({ members }: IMembership): void {
    const { region } = this.#options;
    const told = members.map(({ node, address, addressFrom }): [string, string] => [
      node,
      (Object.hasOwn(addressFrom, region) ? addressFrom[region] : undefined) ?? address,
    ]);
    this.#addresses = new Map(told.filter(([, address]) => address !== ""));
  }

  /** Members as last told, then those that were members once. */
  #candidates(): readonly string[] {
    return [...new Set([...this.#addresses.values(), ...this.#options.seeds])];
  }

  async #with<T>(address: string, work: (channel: OperatorChannel) => Promise<T>): Promise<T> {
    const channel = this.#options.openChannel(address);
    try {
      return await work(channel);
    } finally {
      await channel.close();
    }
  }

  #unreachable(cause: MeridianError | undefined): MeridianError {
    const { cluster } = this.#options;
    const code = cluster === "global" ? "GLOBAL_UNAVAILABLE" : "REGION_UNAVAILABLE";
    const why = cause === undefined ? "none is known" : cause.description;
    return new MeridianError(code, `no member of ${cluster} answers: ${why}`, { cause });
  }
}

/** What leaves open whether the leader did what it was asked. */
function isLoss({ code }: MeridianError): boolean {
  return code === "REGION_UNAVAILABLE" || code === "GLOBAL_UNAVAILABLE" || code === "UNKNOWN";
}

function refusalOf(error: unknown): MeridianError {
  if (error instanceof MeridianError) return error;
  throw error;
}
