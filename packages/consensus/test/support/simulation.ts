import type { Configuration, Message, NodeId, Ready, Timing } from "../../src/index.ts";
import { isJoint, membersOf, Quorum, votersOf } from "../../src/index.ts";
import { assert, Checks } from "./checks.ts";
import { drawChange } from "./changes.ts";
import { bytes } from "./codec.ts";
import type { Faults } from "./faults.ts";
import { calm, drawFaults } from "./faults.ts";
import { Member } from "./member.ts";
import { seeded } from "./random.ts";

/** What a run is made of; the rest comes from the seed. */
export interface SimulationOptions {
  readonly seed: number;
  readonly configuration: Configuration;
  /** By member, where groups have different patience. */
  readonly timing: (id: NodeId) => Timing;
  /** Members that may be made voters or learners and unmade again, the first ones included. */
  readonly pool?: readonly NodeId[];
  /** Voters come from learners that are close behind. */
  readonly guarded?: boolean;
  /** Reads within a lease take no round; clocks run at different speeds. */
  readonly leases?: boolean;
}

/** What a run went through. */
export interface Counts {
  elections: number;
  crashes: number;
  partitions: number;
  snapshots: number;
  transfers: number;
  commits: number;
  reads: number;
  replacements: number;
  witnessLeads: number;
  changes: number;
  pauses: number;
  /** Logs that were lost, and members that were whole again afterwards. */
  losses: number;
  recoveries: number;
  leaseReads: number;
}

/** Of virtual time, by a clock that is right. */
const tickMs = 10;
/** How often an operator looks whether somebody leads. */
const operatorTicks = 40;
/** How slow a clock may be, and as much too fast. */
const slowest = 0.8;

interface Flight {
  readonly at: number;
  readonly message: Message;
}

/**
 * A whole group in memory on virtual time: first everything goes wrong, then nothing does, and it
 * must converge.
 */
export class Simulation {
  readonly counts: Counts = {
    elections: 0,
    crashes: 0,
    partitions: 0,
    snapshots: 0,
    transfers: 0,
    commits: 0,
    reads: 0,
    replacements: 0,
    witnessLeads: 0,
    changes: 0,
    pauses: 0,
    losses: 0,
    recoveries: 0,
    leaseReads: 0,
  };
  readonly members = new Map<NodeId, Member>();
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #checks = new Checks();
  readonly #quorum: Quorum;
  readonly #ids: readonly NodeId[];
  /** Committed index that a read must not be behind, by member and context. */
  readonly #asked = new Map<string, number>();
  /** Speed of each member's clock. */
  readonly #speeds = new Map<NodeId, number>();
  readonly #applied = new Map<NodeId, number>();
  /** Of each member, also of those that are down. */
  readonly #configurations = new Map<NodeId, Configuration>();
  /** Processes that stand still, and until when; what is sent to them waits. */
  readonly #paused = new Map<NodeId, number>();
  #flights: Flight[] = [];
  #cut = new Set<string>();
  #now = 0;
  #context = 0;
  #proposals = 0;
  #faults: Faults;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#quorum = new Quorum(options.configuration);
    this.#ids = options.pool ?? membersOf(options.configuration);
    this.#faults = drawFaults(this.#random, options.pool !== undefined);
    for (const id of this.#ids) this.#add(id);
  }

  /** Everything goes wrong for so many ticks. */
  runFaults(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      this.#injectFaults();
      this.#work();
      this.#beat(0.9);
    }
  }

  /**
   * Nothing goes wrong: within so many ticks everybody must have applied something new. @throws
   * {Error} if not.
   */
  converge(ticks: number): void {
    this.#faults = calm;
    this.#cut.clear();
    for (const [id, member] of this.members) if (!member.running) this.#start(id, member);
    let goal: number | undefined;
    for (let tick = 0; tick < ticks; tick++) {
      this.#beat(1);
      const leader = this.#leader();
      if (leader === undefined) {
        if (tick % operatorTicks === operatorTicks - 1)
          this.#summon(Math.floor(tick / operatorTicks));
        continue;
      }
      if (goal === undefined || this.#checks.committedIndex < goal) {
        const proposal = leader.raft.propose([bytes(`last ${tick}`)]);
        if (proposal.accepted) goal ??= proposal.index;
      }
      const reached = goal;
      if (reached === undefined) continue;
      const { configuration } = leader.raft.status();
      if (isJoint(configuration) || this.#asked.size > 0) continue;
      if (membersOf(configuration).every((id) => this.#applied.get(id)! >= reached)) return;
    }
    throw new Error(`no progress in ${ticks} calm ticks: ${this.#describe()}`);
  }

  /** Nobody leads, perhaps because the group that holds leadership cannot: an operator steps in. */
  #summon(turn: number): void {
    const member = this.members.get(this.#ids[turn % this.#ids.length]!)!;
    if (member.raft.status().configuration.heldBy === undefined) return;
    member.raft.campaign({ byHand: true });
  }

  #add(id: NodeId): void {
    const { configuration, timing, seed, leases = false, guarded = false } = this.#options;
    const random = seeded(seed * 31 + this.#ids.indexOf(id));
    const leaseMs = (timing(id).leaseTicks - 1) * tickMs * slowest;
    this.#speeds.set(id, slowest + random() * (1 / slowest - slowest));
    const member: Member = new Member(
      {
        id,
        configuration,
        timing: timing(id),
        random,
        leaseMs: leases ? leaseMs : undefined,
        limits: {
          inflightMax: 4,
          appendBytesMax: 64,
          applyBytesMax: 4096,
          promotionEntriesMax: guarded ? 10 : Infinity,
        },
      },
      {
        send: (message) => this.#send(message),
        apply: (entry) => {
          this.#applied.set(id, entry.index);
          if (!this.#checks.applies(id, entry)) return;
          this.counts.commits += 1;
          this.#assertDurable(entry.index, entry.term);
        },
        install: (mark) => {
          this.counts.snapshots += 1;
          this.#applied.set(id, mark.index);
        },
        read: ({ context, index }) => {
          const floor = this.#asked.get(`${id} ${context}`);
          assert(floor !== undefined, `${id} answers ${context}, which nobody asked`);
          this.#asked.delete(`${id} ${context}`);
          if (index === undefined) return;
          this.counts.reads += 1;
          assert(index >= floor, `a read at ${id} sees ${index}, but ${floor} was committed`);
        },
      },
    );
    this.members.set(id, member);
    this.#start(id, member);
  }

  #start(id: NodeId, member: Member): void {
    member.start();
    const mark = member.disk.snapshot();
    const terms: number[] = [];
    for (let index = 0; index <= member.disk.lastIndex(); index++) {
      terms.push(member.disk.term(index) ?? this.#checks.committedTerm(index) ?? -1);
    }
    this.#applied.set(id, mark?.index ?? 0);
    this.#configurations.set(id, member.raft.status().configuration);
    this.#checks.starts(id, member.raft.status().term, terms);
  }

  /** One tick of virtual time: deliveries, disks, clocks. A clock may lose beats. */
  #beat(clock: number): void {
    this.#now += 1;
    this.#wake();
    this.#deliver();
    for (const [id, member] of this.members) {
      if (!member.running || this.#paused.has(id)) continue;
      if (this.#random() < clock) member.raft.tick(this.#nowMs(id));
      this.#collect(id, member);
      if (this.#random() >= this.#faults.diskDelay) this.#completeWrites(id, member);
    }
  }

  #completeWrites(id: NodeId, member: Member): void {
    const all = member.writes.length;
    member.completeWrites(this.#faults === calm ? all : Math.ceil(this.#random() * all));
    this.#collect(id, member);
  }

  #collect(id: NodeId, member: Member): void {
    for (let ready = this.#take(id, member); ready !== undefined;) ready = this.#take(id, member);
    const { role, term, progress, configuration } = member.raft.status();
    this.#configurations.set(id, configuration);
    if (role !== "leader") return;
    for (const { match, next } of progress.values()) assert(next > match, `${id}: next <= match`);
    this.#checks.leads(id, term);
  }

  #take(id: NodeId, member: Member): Ready | undefined {
    const wasRecovering = member.disk.recovering;
    const ready = member.collect();
    const persist = ready?.persist;
    if (persist !== undefined) {
      if (this.#checks.persists(id, persist)) this.counts.replacements += 1;
    }
    if (wasRecovering && !member.disk.recovering) this.counts.recoveries += 1;
    if (ready?.soft?.role === "leader") {
      this.counts.elections += 1;
      if (this.#options.configuration.witnesses.includes(id)) this.counts.witnessLeads += 1;
    }
    return ready;
  }

  #send(message: Message): void {
    this.#checks.sends(message);
    const { loss, duplication, delayMax } = this.#faults;
    const lost = this.#random() < loss || this.#cut.has(`${message.from}>${message.to}`);
    if (message.type === "snapshot") this.#scheduleReport(message, !lost);
    if (lost) return;
    const copies = this.#random() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#flights.push({ at: this.#now + 1 + Math.floor(this.#random() * delayMax), message });
    }
  }

  /** The driver of the sender learns how the snapshot went. */
  #scheduleReport(message: Message, installed: boolean): void {
    const { from, to } = message;
    const sender = this.members.get(from)!;
    const raft = sender.raft;
    this.#later(() => {
      if (sender.running && sender.raft === raft) raft.reportSnapshot(to, installed);
    });
  }

  readonly #reports: { readonly at: number; readonly run: () => void }[] = [];

  #later(run: () => void): void {
    this.#reports.push({ at: this.#now + 3 + Math.floor(this.#random() * 10), run });
  }

  #deliver(): void {
    const due: Flight[] = [];
    const later: Flight[] = [];
    for (const flight of this.#flights) {
      const waits = flight.at > this.#now || this.#paused.has(flight.message.to);
      (waits ? later : due).push(flight);
    }
    this.#flights = later;
    for (const { message } of due) {
      const member = this.members.get(message.to);
      if (member?.running !== true) continue;
      member.raft.step(message);
      if (this.#random() < 0.5) this.#collect(message.to, member);
    }
    const reports = this.#reports.filter((report) => report.at <= this.#now);
    for (const report of reports) {
      this.#reports.splice(this.#reports.indexOf(report), 1);
      report.run();
    }
  }

  /** What clients do. */
  #work(): void {
    const member = this.#pick();
    if (member === undefined) return;
    const leader = this.#random() < 0.9 ? (this.#leader() ?? member) : member;
    if (this.#random() < 0.5) {
      const count = 1 + Math.floor(this.#random() * 3);
      const commands = Array.from({ length: count }, () => bytes(`${++this.#proposals}`));
      leader.raft.propose(commands);
    }
    if (this.#random() < 0.3) {
      const reader = this.#random() < 0.5 ? leader : member;
      this.#read(reader.raft.status().id, reader);
    }
  }

  #injectFaults(): void {
    const { crash, partition, transfer, snapshot, change, pause } = this.#faults;
    const member = this.#pick();
    if (member !== undefined && this.#random() < crash) this.#crash(member);
    if (this.#random() < pause) this.#pauseLeader();
    if (this.#random() < crash / 5) this.#crashGroup();
    for (const [id, down] of this.members) {
      if (!down.running && this.#random() < 0.03) this.#start(id, down);
    }
    if (this.#random() < partition) this.#partition();
    if (this.#random() < change) this.#changeMembers();
    const leader = this.#leader();
    if (leader !== undefined && this.#random() < transfer) {
      const voters = votersOf(this.#options.configuration);
      const to = voters[Math.floor(this.#random() * voters.length)]!;
      if (leader.raft.transferLeadership(to) === "started") this.counts.transfers += 1;
    }
    const saver = this.#pick();
    if (saver !== undefined && this.#random() < snapshot) this.#saveSnapshot(saver);
  }

  /** Each way of each link for itself, two sides, a group and the rest, or nothing cut. */
  #partition(): void {
    this.counts.partitions += 1;
    this.#cut.clear();
    const kind = this.#random();
    if (kind < 0.3) return;
    const group = kind < 0.5 ? this.#pickGroup() : undefined;
    const side = new Set(group ?? this.#ids.filter(() => this.#random() < 0.5));
    for (const from of this.#ids) {
      for (const to of this.#ids) {
        const apart = kind < 0.75 ? side.has(from) !== side.has(to) : this.#random() < 0.3;
        if (apart) this.#cut.add(`${from}>${to}`);
      }
    }
  }

  /** A process stands still, as in a long collection of garbage, while the others' clocks go on. */
  #pauseLeader(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    this.counts.pauses += 1;
    this.#paused.set(leader.raft.status().id, this.#now + Math.ceil(this.#random() * 60));
  }

  /** The first thing that a process sees when it goes on is a client that wants to read. */
  #wake(): void {
    for (const [id, until] of this.#paused) {
      if (until > this.#now && this.#faults !== calm) continue;
      this.#paused.delete(id);
      const member = this.members.get(id)!;
      if (member.running) this.#read(id, member);
    }
  }

  #read(id: NodeId, member: Member): void {
    const context = ++this.#context;
    this.#asked.set(`${id} ${context}`, this.#checks.committedIndex);
    member.raft.readIndex(context, this.#nowMs(id));
    const { reads } = this.counts;
    this.#collect(id, member);
    if (this.#options.leases === true) this.counts.leaseReads += this.counts.reads - reads;
  }

  #nowMs(id: NodeId): number {
    return this.#now * tickMs * this.#speeds.get(id)!;
  }

  /** A site loses power. */
  #crashGroup(): void {
    for (const id of this.#pickGroup()) {
      const member = this.members.get(id)!;
      if (member.running) this.#crash(member);
    }
  }

  #crash(member: Member): void {
    const { id } = member.raft.status();
    this.counts.crashes += 1;
    member.crash(Math.floor(this.#random() * (member.writes.length + 1)));
    for (const read of this.#asked.keys()) if (read.startsWith(`${id} `)) this.#asked.delete(read);
    if (this.#random() < this.#faults.damage && this.#survives(id)) {
      this.counts.losses += 1;
      member.disk.loseLog();
    }
    // What it said before may still be on its way.
    if (this.#random() < 0.4) this.#start(id, member);
  }

  /** Whether the group may go on, should this member never have its log again. */
  #survives(lost: NodeId): boolean {
    const whole = (id: NodeId): boolean => id !== lost && !this.members.get(id)!.disk.recovering;
    const configurations = [...this.#configurations.values()];
    if (!configurations.every((configuration) => new Quorum(configuration).reached(whole))) {
      return false;
    }
    const { committedIndex } = this.#checks;
    const term = this.#checks.committedTerm(committedIndex);
    const { witnesses } = this.#options.configuration;
    // A witness whose log came as a snapshot has nothing that could be given to others.
    return this.#ids.some((id) => {
      const { disk } = this.members.get(id)!;
      return whole(id) && !witnesses.includes(id) && disk.term(committedIndex) === term;
    });
  }

  #pickGroup(): readonly NodeId[] {
    const { groups } = this.#options.configuration;
    return groups[Math.floor(this.#random() * groups.length)]!.voters;
  }

  /**
   * Some of the pool become voters, some learners, through a joint configuration; or one voter
   * comes or goes.
   */
  #changeMembers(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const { configuration } = leader.raft.status();
    const { guarded = false, configuration: first } = this.#options;
    const next = drawChange(this.#random, { configuration, first, pool: this.#ids, guarded });
    const whole = (id: NodeId): boolean => !this.members.get(id)!.disk.recovering;
    if (votersOf(next).length > 0 && !new Quorum(next).reached(whole)) return;
    if (leader.raft.proposeConfiguration(next).accepted) this.counts.changes += 1;
  }

  #saveSnapshot(member: Member): void {
    const { appliedIndex, id } = member.raft.status();
    const index = Math.min(appliedIndex, member.disk.lastIndex());
    const term = index < member.disk.firstIndex() ? undefined : member.disk.term(index);
    if (term === undefined || term !== this.#checks.committedTerm(index)) return;
    if (this.#options.configuration.witnesses.includes(id)) return;
    const configuration = member.raft.configurationAt(index);
    if (configuration === undefined) return;
    const keep = Math.floor(this.#random() * 10);
    member.disk.saveSnapshot({ index, term, configuration }, index - keep);
  }

  /** What was applied first somewhere is durable on a quorum, whoever it was. */
  #assertDurable(index: number, term: number): void {
    if (this.#options.pool !== undefined) return;
    const holds = (id: NodeId): boolean => {
      const { disk } = this.members.get(id)!;
      // What a member lost counts as there: it says nothing that depends on it.
      if (disk.recovering) return true;
      return disk.term(index) === term || disk.firstIndex() - 1 > index;
    };
    assert(this.#quorum.reached(holds), `${index}@${term} is applied, and not on a quorum's disks`);
  }

  #pick(): Member | undefined {
    const running = [...this.members.values()].filter((member) => member.running);
    return running[Math.floor(this.#random() * running.length)];
  }

  #leader(): Member | undefined {
    let best: Member | undefined;
    for (const member of this.members.values()) {
      if (!member.running || member.raft.status().role !== "leader") continue;
      if (best === undefined || member.raft.status().term > best.raft.status().term) best = member;
    }
    return best;
  }

  #describe(): string {
    return [...this.members]
      .map(([id, member]) => {
        const { role, term, commitIndex, lastIndex, recovering } = member.raft.status();
        const state = `${role}${recovering ? " recovering" : ""}`;
        return `${id} ${state} term ${term} commit ${commitIndex} last ${lastIndex}`;
      })
      .concat([`${this.#asked.size} reads wait`])
      .join("; ");
  }
}
