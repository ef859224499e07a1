import { type Configuration, isJoint, membersOf, type Status } from "@meridian/consensus";
import type { Caller, MembershipHandlers } from "@meridian/transport";
import {
  type Encodable,
  type IChangeMembersRequest,
  type IChangeMembersResponse,
  type IGroupMembership,
  type IHoldLeadershipRequest,
  type IHoldLeadershipResponse,
  type IMembersResponse,
  MeridianError,
} from "@meridian/wire";
import { type Clock, every } from "./clock.ts";
import type { HeardLeader } from "./heard-leader.ts";
import type { Log } from "./log.ts";
import type { Place } from "./member.ts";
import { type MembershipChange, type Plan, planChange } from "./membership-plan.ts";
import { changeOf } from "./membership-request.ts";
import type { Replica } from "./replica.ts";
import { currentTopology, type TopologyNode } from "./topology.ts";

/** What the membership of a group is about. */
export interface MembershipOptions {
  readonly place: Place;
  readonly incarnation: number;
  /** As configured. */
  readonly topology: readonly TopologyNode[];
  /** Of a new group, as configured: the very object that the replica was given. */
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
  readonly leader: HeardLeader;
}

/** A change is waited for this long at most, whatever the caller's deadline. */
const changeMaxMs = 60_000;
const pollMs = 20;
/** Calls that wait for a change at one member. */
const waitersMax = 32;
/** What to do after a refusal that time heals. */
const retryAfterMs = 500;

/**
 * Who belongs to a group, and its changes as operators ask for them. Every change of voters is one
 * configuration, a joint one where quorums need not meet otherwise; it is answered when it is
 * committed and the joint configuration is left. Asking again for what is so already does nothing,
 * so that a caller who lost the answer just repeats.
 */
export class Membership implements MembershipHandlers {
  readonly #replica: Replica;
  readonly #options: MembershipOptions;
  /** Log or snapshot say who belongs to the group. */
  #isWrittenDown = false;
  #waiters = 0;
  #stopped = false;

  constructor(replica: Replica, options: MembershipOptions) {
    this.#replica = replica;
    this.#options = options;
    replica.listen({ onTurnEnd: () => this.#writeDown() });
  }

  /** The nodes of the platform: those of this cluster as its configuration says now. */
  get topology(): readonly TopologyNode[] {
    const { topology, place } = this.#options;
    return currentTopology(topology, place.cluster, this.#replica.status().configuration);
  }

  /** This node as it is now; undefined while nothing is known of it. */
  get self(): TopologyNode | undefined {
    return this.topology.find(({ node }) => node === this.#options.place.node);
  }

  members(): Encodable<IMembersResponse> {
    return { membership: this.#membership() };
  }

  /**
   * Changes the members and resolves when that is settled.
   * @throws {MeridianError} BAD_ARGUMENTS, NOT_LEADER, CHANGE_REFUSED, CHANGE_EARLY, DEADLINE,
   *   OVERLOADED.
   */
  async changeMembers(
    request: IChangeMembersRequest,
    caller: Caller,
  ): Promise<Encodable<IChangeMembersResponse>> {
    const change = changeOf(request, this.#options.place.cluster);
    const planFor = (configuration: Configuration): Plan => this.#plan(change, configuration);
    const index = await this.#bring("members", logged(change), planFor, caller);
    return { membership: this.#membership(), changed: index > 0, index };
  }

  /**
   * Keeps leadership in a group, or releases it, and resolves when that is settled.
   * @throws {MeridianError} as `changeMembers` does.
   */
  async holdLeadership(
    { group }: IHoldLeadershipRequest,
    caller: Caller,
  ): Promise<Encodable<IHoldLeadershipResponse>> {
    const planFor = (configuration: Configuration): Plan => this.#planHold(group, configuration);
    const index = await this.#bring("hold", { group }, planFor, caller);
    return { membership: this.#membership(), changed: index > 0 };
  }

  /** Ends what is waited for. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * The first leader writes into the log what the group began with. From then on settings that were
   * edited count for nothing: a group whose members believe theirs could have two quorums.
   */
  #writeDown(): void {
    const replica = this.#replica;
    if (this.#isWrittenDown || !replica.isSettled || replica.tree.cluster === "") return;
    const { configuration: initial } = this.#options;
    if (replica.configuration !== initial) this.#isWrittenDown = true;
    else if (replica.status().configuration === initial) {
      replica.proposeConfiguration({ ...initial });
    }
  }

  /**
   * Proposes what the plan says and waits until nothing is left to be done. The index of the first
   * entry, 0 when everything was so already.
   */
  async #bring(
    audit: string,
    wanted: object,
    planFor: (configuration: Configuration) => Plan,
    caller: Caller,
  ): Promise<number> {
    const { clock, log } = this.#options;
    const startedAtMs = clock.nowMs();
    const by = caller.address;
    try {
      if (this.#waiters >= waitersMax) throw busy();
      const index = this.#begin(planFor);
      if (index > 0)
        log.warn({ audit, by, ...wanted, outcome: "begun", index }, "change of members");
      await this.#settled(planFor, caller);
      const tookMs = Math.round(clock.nowMs() - startedAtMs);
      const outcome = index > 0 ? "done" : "nothing to do";
      log.warn({ audit, by, ...wanted, outcome, index, tookMs }, "change of members");
      return index;
    } catch (error) {
      const { code: outcome, description: why } = error as MeridianError;
      log.warn({ audit, by, ...wanted, outcome, why }, "change of members");
      throw error;
    }
  }

  /** Index of the entry that begins the change; 0: there is nothing to do but to wait. */
  #begin(planFor: (configuration: Configuration) => Plan): number {
    this.#mustLead();
    if (!this.#replica.isSettled || !this.#isWrittenDown) {
      throw unready("it has just begun to lead");
    }
    const status = this.#replica.status();
    const { configuration } = status;
    const plan = planFor(configuration);
    if (plan.kind === "nothing") return 0;
    if (this.#isChanging(configuration)) throw inFlight(configuration);
    if (plan.kind === "refused") {
      const { reason: hint, message } = plan;
      const code =
        hint === "unknown-group" || hint === "unknown-member" ? "BAD_ARGUMENTS" : undefined;
      throw new MeridianError(code ?? "CHANGE_REFUSED", message, { hint });
    }
    const proposal = this.#replica.proposeConfiguration(plan.to);
    if (proposal.accepted) return proposal.index;
    throw this.#refused(proposal.reason, status, plan.to);
  }

  /** What the core's refusal means to an operator. */
  #refused(reason: string, status: Status, to: Configuration): MeridianError {
    switch (reason) {
      case "not-leader":
        return this.#notLeader();
      case "in-flight":
        return inFlight(status.configuration);
      case "learner-behind":
        return learnerBehind(status, to);
      case "unready":
      case "transferring":
      case "overloaded":
        return unready(reason);
      default:
        return new MeridianError("CHANGE_REFUSED", `the group refuses it: ${reason}`, {
          hint: reason,
        });
    }
  }

  /** Resolves when the plan has nothing to do any more, for good. */
  #settled(planFor: (configuration: Configuration) => Plan, caller: Caller): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.nowMs();
    const { term } = this.#replica.soft;
    const isSettled = (): boolean => {
      const { configuration } = this.#replica;
      return !isJoint(configuration) && planFor(configuration).kind === "nothing";
    };
    return new Promise((resolve, reject) => {
      if (isSettled()) return resolve();
      this.#waiters += 1;
      const end = (failure: MeridianError | undefined): void => {
        cancel();
        this.#waiters -= 1;
        if (failure === undefined) resolve();
        else reject(failure);
      };
      const cancel = every(clock, pollMs, () => {
        const { soft } = this.#replica;
        if (isSettled()) return end(undefined);
        if (this.#stopped || soft.role !== "leader" || soft.term !== term) {
          return end(this.#notLeader());
        }
        const late = clock.nowMs() - startedAtMs > changeMaxMs;
        if (late || caller.signal.aborted) end(stillOpen());
      });
    });
  }

  #plan(change: MembershipChange, configuration: Configuration): Plan {
    const { place, topology } = this.#options;
    const { progress } = this.#replica.status();
    return planChange(change, {
      cluster: place.cluster,
      configuration,
      topology: currentTopology(topology, place.cluster, configuration),
      isHeard: (node) => node === place.node || progress.get(node)?.active === true,
    });
  }

  #planHold(group: string, configuration: Configuration): Plan {
    const { groups, witnesses, heldBy, ...rest } = configuration;
    if ((heldBy ?? "") === group) return { kind: "nothing" };
    const base = { groups, witnesses, ...rest };
    if (group === "") return { kind: "change", to: base };
    const found = groups.find(({ name }) => name === group);
    if (found === undefined) {
      const names = groups.map(({ name }) => name).join(", ");
      const message = `expected a voter group, one of ${names}; found ${group}`;
      return { kind: "refused", reason: "unknown-group", message };
    }
    if (found.voters.every((voter) => witnesses.includes(voter))) {
      const message = `group ${group} has witnesses only, and they do not lead`;
      return { kind: "refused", reason: "witness", message };
    }
    const { leader = "" } = this.#replica.soft;
    if (!found.voters.includes(leader)) {
      const message = `${leader} leads, which is not of group ${group}`;
      const advice = "transfer the leadership there first (meridian global transfer)";
      return { kind: "refused", reason: "held", message: `${message}: ${advice}` };
    }
    return { kind: "change", to: { ...base, heldBy: group } };
  }

  /** The newest configuration is not applied here, or joint. */
  #isChanging(newest: Configuration): boolean {
    return isJoint(newest) || newest !== this.#replica.configuration;
  }

  #mustLead(): void {
    if (!this.#replica.isLeader || this.#stopped) throw this.#notLeader();
  }

  #notLeader(): MeridianError {
    const { leader = "" } = this.#replica.soft;
    const { node } = this.#options.place;
    const hint = leader === node ? "" : leader;
    const others = hint === "" ? "nobody known does" : `${hint} does`;
    return new MeridianError("NOT_LEADER", `${node} does not lead; ${others}`, { hint });
  }

  #membership(): NonNullable<Encodable<IMembersResponse>["membership"]> {
    const { place, incarnation, leader } = this.#options;
    const status = this.#replica.status();
    const { configuration, term } = status;
    const known = new Map(this.topology.map((entry) => [entry.node, entry]));
    return {
      cluster: place.cluster,
      incarnation,
      toldBy: place.node,
      leader: leader.node ?? "",
      term,
      heldBy: configuration.heldBy ?? "",
      changing: this.#isChanging(configuration),
      members: membersOf(configuration).map((node) => memberOf(node, status, known.get(node))),
    };
  }
}

function memberOf(
  node: string,
  status: Status,
  known: Partial<TopologyNode> = {},
): Encodable<IGroupMembership> {
  const { groups, outgoingGroups, witnesses } = status.configuration;
  const { region = "", role = "", address = "", addressFrom = {} } = known;
  const group = groups.find(({ voters }) => voters.includes(node));
  const standing = witnesses.includes(node) ? "witness" : "voter";
  const leaving = outgoingGroups.some(({ voters }) => voters.includes(node));
  return {
    node,
    region,
    role,
    group: group?.name ?? known.group ?? "",
    address,
    addressFrom,
    standing: group === undefined ? "learner" : standing,
    leaving: group === undefined && leaving,
    ...progressOf(node, status),
  };
}

/** How far a member is, as far as the leader that tells it knows. */
function progressOf(
  node: string,
  { id, role, lastIndex, progress }: Status,
): Pick<IGroupMembership, "matchIndex" | "behind" | "state" | "active"> {
  if (role !== "leader") return { matchIndex: 0, behind: 0, state: "", active: false };
  if (node === id) return { matchIndex: lastIndex, behind: 0, state: "leader", active: true };
  const { match = 0, state = "", active = false } = progress.get(node) ?? {};
  return { matchIndex: match, behind: Math.max(0, lastIndex - match), state, active };
}

function logged({ add, promote, demote, remove }: MembershipChange): object {
  return {
    add: add.map(({ node, address, group }) => ({ node, address, group })),
    promote,
    demote,
    remove,
  };
}

function learnerBehind({ progress, lastIndex }: Status, to: Configuration): MeridianError {
  const behind = to.groups
    .flatMap(({ voters }) => voters)
    .flatMap((node) => {
      const peer = progress.get(node);
      return peer === undefined ? [] : [{ node, ...peer, missing: lastIndex - peer.match }];
    })
    .sort((a, b) => Number(a.active) - Number(b.active) || b.missing - a.missing);
  const [worst] = behind;
  if (worst === undefined) return early("learner-behind", "the learner is behind");
  const { node, active, missing, state } = worst;
  const found = active
    ? `${node} is ${missing} entries behind (${state})`
    : `${node} does not answer`;
  const advice = "wait until it has caught up (meridian lag shows how far it is)";
  return early("learner-behind", `${found}; expected a learner that keeps up: ${advice}`);
}

function inFlight({ outgoingGroups }: Configuration): MeridianError {
  const what =
    outgoingGroups.length > 0 ? "the group is in a joint configuration" : "not committed";
  return early("in-flight", `another change is under way (${what}): wait until it has ended`);
}

function unready(why: string): MeridianError {
  return early("unready", `the leader is not ready for changes (${why}): try again`);
}

function early(hint: string, message: string): MeridianError {
  return new MeridianError("CHANGE_EARLY", message, { hint, retryAfterMs });
}

function busy(): MeridianError {
  const message = `${waitersMax} calls wait for changes of members here already`;
  return new MeridianError("OVERLOADED", message, { retryAfterMs });
}

function stillOpen(): MeridianError {
  const message = "the change is in the log and not committed yet; it may still be";
  return new MeridianError("DEADLINE", `${message}: meridian member list tells`);
}
