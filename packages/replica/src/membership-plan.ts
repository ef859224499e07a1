import {
  type Configuration,
  membersOf,
  type NodeId,
  Quorum,
  transitionProblem,
  type VoterGroup,
  votersOf,
} from "@meridian/consensus";
import { globalCluster } from "@meridian/tree";
import { noteOf, wasRemoved, withNote, withRemovals } from "./member-note.ts";
import type { TopologyNode } from "./topology.ts";

/** Who is to come, go, or get or lose a vote; all in one step. */
export interface MembershipChange {
  /** Begin as learners. Empty `role` and `group`: the usual ones. */
  readonly add: readonly NewMember[];
  readonly promote: readonly { readonly node: NodeId; readonly group: string }[];
  readonly demote: readonly NodeId[];
  readonly remove: readonly NodeId[];
}

/** A member that does not exist yet. */
export interface NewMember {
  readonly node: NodeId;
  readonly region: string;
  readonly role: string;
  readonly group: string;
  readonly address: string;
  readonly addressFrom: Readonly<Record<string, string>>;
}

/** What a change is judged by. */
export interface Surroundings {
  readonly cluster: string;
  /** The newest configuration, joint or not. */
  readonly configuration: Configuration;
  /** Every node of the platform that is known here, as it is now. */
  readonly topology: readonly TopologyNode[];
  /** Whether a member was heard of within the last election timeout. */
  readonly isHeard: (node: NodeId) => boolean;
}

/** One word for why a change is not made: part of the API, as the hint of the error. */
type PlanRefusal =
  | "unknown-member"
  | "unknown-group"
  | "name-used"
  | "address-used"
  | "last-voter"
  | "loses-quorum"
  | "held"
  | "witness"
  | "unsafe";

/** What a change comes down to. */
export type Plan =
  | { readonly kind: "nothing" }
  | { readonly kind: "change"; readonly to: Configuration }
  | { readonly kind: "refused"; readonly reason: PlanRefusal; readonly message: string };

/** Turns a change into the configuration to propose; what is so already is left as it is. */
export function planChange(change: MembershipChange, surroundings: Surroundings): Plan {
  const draft = new Draft(surroundings);
  try {
    for (const member of change.add) draft.add(member);
    for (const { node, group } of change.promote) draft.promote(node, group);
    for (const node of change.demote) draft.demote(node);
    for (const node of change.remove) draft.remove(node);
    const to = draft.finish();
    if (to === undefined) return { kind: "nothing" };
    return { kind: "change", to: stepTo(to, surroundings) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: "refused", reason: error.reason, message: error.message };
  }
}

/** Ends the making of a plan; never leaves this file. */
class Refused extends Error {
  readonly reason: PlanRefusal;

  constructor(reason: PlanRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The membership while one thing after the other is changed in it. */
class Draft {
  readonly #surroundings: Surroundings;
  readonly #voters: Map<string, { readonly weight: number; voters: readonly NodeId[] }>;
  readonly #removed: NodeId[] = [];
  #configuration: Configuration;
  #learners: readonly NodeId[];
  #witnesses: readonly NodeId[];
  #isChanged = false;

  constructor(surroundings: Surroundings) {
    const { configuration } = surroundings;
    this.#surroundings = surroundings;
    this.#configuration = configuration;
    const groups = configuration.groups.map(({ name, ...group }) => [name, group] as const);
    this.#voters = new Map(groups);
    this.#learners = configuration.learners;
    this.#witnesses = configuration.witnesses;
  }

  add(member: NewMember): void {
    const { topology, cluster } = this.#surroundings;
    const { node, address } = member;
    const known = topology.find((entry) => entry.node === node);
    if (this.#isMember(node)) {
      if (known?.address === address) return;
      const message = `${node} is a member already, at ${known?.address ?? "an unknown address"}`;
      throw new Refused("name-used", `${message}: choose another name`);
    }
    if (wasRemoved(this.#configuration, node)) {
      const message = `${node} was a member before and was removed`;
      throw new Refused("name-used", `${message}; a name is used once: choose another name`);
    }
    if (known !== undefined) {
      const message = `${node} is the name of a node of ${known.cluster} (${known.role})`;
      throw new Refused("name-used", `${message}: choose another name`);
    }
    const neighbour = topology.find((entry) => entry.address === address);
    if (neighbour !== undefined) {
      const message = `${address} is the address of ${neighbour.node}`;
      throw new Refused("address-used", `${message}: expected an address of its own for ${node}`);
    }
    const isWitness = member.role === "witness";
    const global = isWitness ? "witness" : "global-voter";
    const role = cluster === globalCluster ? global : "regional-observer";
    const group = cluster === globalCluster ? this.#groupFor(member, isWitness) : "";
    this.#configuration = withNote(this.#configuration, node, { ...member, role, group });
    this.#learners = [...this.#learners, node];
    this.#isChanged = true;
  }

  promote(node: NodeId, wanted: string): void {
    const present = this.#groupOf(node);
    if (present !== undefined) {
      if (wanted === "" || wanted === present) return;
      const message = `${node} has a vote in group ${present}, expected a learner`;
      throw new Refused("unknown-group", `${message}: demote it first to move it to ${wanted}`);
    }
    this.#mustBeMember(node);
    const group = wanted === "" ? this.#meantFor(node) : wanted;
    const into = this.#voters.get(group);
    if (into === undefined) throw this.#noGroup(node, group);
    into.voters = [...into.voters, node];
    this.#learners = this.#learners.filter((learner) => learner !== node);
    if (this.#entryOf(node)?.role === "witness") this.#witnesses = [...this.#witnesses, node];
    this.#isChanged = true;
  }

  demote(node: NodeId): void {
    if (this.#learners.includes(node)) return;
    this.#mustBeMember(node);
    if (this.#witnesses.includes(node)) {
      const message = `${node} is a witness, which keeps nothing that a learner could serve`;
      throw new Refused("witness", `${message}: remove it instead`);
    }
    this.#dropVoter(node);
    this.#learners = [...this.#learners, node];
    this.#isChanged = true;
  }

  remove(node: NodeId): void {
    if (!this.#isMember(node) && wasRemoved(this.#configuration, node)) return;
    this.#mustBeMember(node);
    this.#dropVoter(node);
    this.#learners = this.#learners.filter((learner) => learner !== node);
    this.#witnesses = this.#witnesses.filter((witness) => witness !== node);
    this.#removed.push(node);
    this.#isChanged = true;
  }

  /** The configuration aimed at, not joint; undefined when nothing was changed. */
  finish(): Configuration | undefined {
    if (!this.#isChanged) return undefined;
    const groups: VoterGroup[] = [...this.#voters]
      .filter(([, { voters }]) => voters.length > 0)
      .map(([name, { voters, weight }]) => ({ name, voters, weight }));
    const voters = groups.flatMap((group) => group.voters);
    if (voters.every((voter) => this.#witnesses.includes(voter))) {
      const left = voters.length === 0 ? "no voter" : `only witnesses (${voters.join(", ")})`;
      const message = `${left} would be left: promote others first, or in the same change`;
      throw new Refused("last-voter", message);
    }
    const { heldBy } = this.#configuration;
    if (heldBy !== undefined && !groups.some(({ name }) => name === heldBy)) {
      const message = `leadership is held by group ${heldBy}, which would have no voter left`;
      throw new Refused("held", `${message}: release it first (meridian global release)`);
    }
    const to = { ...this.#configuration, groups, learners: this.#learners };
    const all = { ...to, witnesses: this.#witnesses, outgoingGroups: [], autoLeave: false };
    return this.#removed.length === 0 ? all : withRemovals(all, this.#removed);
  }

  #isMember(node: NodeId): boolean {
    return this.#groupOf(node) !== undefined || this.#learners.includes(node);
  }

  #mustBeMember(node: NodeId): void {
    if (this.#isMember(node)) return;
    const { cluster, configuration } = this.#surroundings;
    const gone = wasRemoved(this.#configuration, node) ? ": it was removed" : "";
    const members = membersOf(configuration).join(", ");
    const message = `${node} is no member of ${cluster}${gone}; expected one of ${members}`;
    throw new Refused("unknown-member", message);
  }

  #groupOf(node: NodeId): string | undefined {
    for (const [name, { voters }] of this.#voters) if (voters.includes(node)) return name;
    return undefined;
  }

  #dropVoter(node: NodeId): void {
    for (const group of this.#voters.values()) {
      group.voters = group.voters.filter((voter) => voter !== node);
    }
  }

  #entryOf(node: NodeId): Pick<TopologyNode, "role" | "group"> | undefined {
    const { topology } = this.#surroundings;
    return noteOf(this.#configuration, node) ?? topology.find((entry) => entry.node === node);
  }

  /** Group that a learner gets its vote in when nobody says which. */
  #meantFor(node: NodeId): string {
    const [only, ...others] = this.#voters.keys();
    if (only !== undefined && others.length === 0) return only;
    return this.#entryOf(node)?.group ?? "";
  }

  /** Group of a new global member: as asked for, or that of the voters in its region. */
  #groupFor({ node, region, group }: NewMember, isWitness: boolean): string {
    const { topology } = this.#surroundings;
    const near = topology
      .filter((entry) => entry.cluster === globalCluster && entry.region === region)
      .filter(({ role }) => (role === "witness") === isWitness);
    const wanted = group === "" ? (near[0]?.group ?? "") : group;
    if (!this.#voters.has(wanted)) throw this.#noGroup(node, wanted);
    return wanted;
  }

  #noGroup(node: NodeId, group: string): Refused {
    const names = [...this.#voters.keys()].join(", ");
    const found = group === "" ? "none is named" : `found ${group}`;
    const message = `expected a voter group for ${node}, one of ${names}; ${found}`;
    return new Refused("unknown-group", message);
  }
}

/** The next configuration on the way to one: itself where quorums always meet, else a joint one. */
function stepTo(to: Configuration, surroundings: Surroundings): Configuration {
  const { configuration: from } = surroundings;
  const isDirect = transitionProblem(from, to) === undefined;
  const step = isDirect ? to : jointOf(from, to);
  const problem = transitionProblem(from, step);
  if (problem !== undefined) throw new Refused("unsafe", `the change would be unsafe: ${problem}`);
  mustKeepQuorum(step, surroundings);
  return step;
}

/** Both at once; a witness that leaves is one as long as it has a vote, or it could lead. */
function jointOf(from: Configuration, to: Configuration): Configuration {
  const leaving = from.witnesses.filter((witness) => !to.witnesses.includes(witness));
  const witnesses = [...to.witnesses, ...leaving];
  return { ...to, witnesses, outgoingGroups: from.groups, autoLeave: true };
}

/** A group that could not commit the change would be stuck in it. */
function mustKeepQuorum(step: Configuration, { isHeard }: Surroundings): void {
  if (new Quorum(step).reached(isHeard)) return;
  const silent = votersOf(step).filter((voter) => !isHeard(voter));
  const message = `the voters that answer would be no quorum; ${silent.join(", ")} do not answer`;
  throw new Refused("loses-quorum", `${message}: bring them back, or remove them first`);
}
