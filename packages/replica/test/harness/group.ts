import type { Configuration } from "@meridian/consensus";
import {
  beginNextLife,
  configurationCodec,
  GroupMember,
  type GroupMemberOptions,
  type MemberLimits,
  memberLimits,
  openMemberData,
  silentLog,
  type Succession,
  type TopologyNode,
} from "@meridian/replica";
import {
  type CrashOutcome,
  type Identity,
  MemoryDisk,
  openMemoryStorage,
  rebuildMemoryStorage,
  refoundMemoryStorage,
  retireMemoryStorage,
  type Storage,
  StorageError,
} from "@meridian/storage";
import type { MemoryServing, PeerHandler, PeerTransport, Services } from "@meridian/transport";
import { type DiskTrouble, type Hooks, soundDisk } from "./hooks.ts";
import { NodeClock } from "./node-clock.ts";
import { configurationOf, type GroupPlan, membersOf, zones } from "./plan.ts";
import type { Scene } from "./scene.ts";

/** What a tier makes of a group member. */
export interface Part {
  readonly member: GroupMember;
  services(): Services;
  stop(): void;
}

/** How the members of a group are made. */
export interface GroupOptions {
  /** Of the tier; a bare group member by default. */
  readonly make: (options: GroupMemberOptions) => Part;
  readonly limits: Partial<MemberLimits>;
  readonly timing: GroupMemberOptions["timing"];
  /** Who is started at first; all by default. */
  readonly starts: readonly string[];
  /** What stands between the members and the rest of the world. */
  readonly hooks: Hooks;
}

/** Timing of groups that ask for no other: a leader is missed after 1 to 1.6 s. */
export const groupTiming: GroupMemberOptions["timing"] = {
  tickMs: 50,
  electionTicks: 20,
  electionJitterTicks: 12,
  heartbeatTicks: 2,
  leaseTicks: 20,
};

/** One life of a member, from a start to a crash or stop. */
export interface Life {
  readonly part: Part;
  readonly storage: Storage;
  readonly clock: NodeClock;
  readonly serving: MemoryServing;
}

/** The members of a Raft group, which can crash, stop and start again on the same disks. */
export class Group {
  readonly plan: GroupPlan;
  readonly names: readonly string[];
  /** What went wrong for good, by node. */
  readonly fatal: Map<string, Error> = new Map();
  readonly #scene: Scene;
  readonly #options: GroupOptions;
  readonly #disks = new Map<string, MemoryDisk>();
  readonly #troubles = new Map<string, DiskTrouble>();
  readonly #lives = new Map<string, Life>();
  readonly #newcomers = new Map<string, TopologyNode>();
  #births = 0;
  /** Incarnations of members that have left the first. */
  readonly #incarnations = new Map<string, number>();
  /** What members wrote of what they gave up with their incarnation: lines, by node and file. */
  readonly divergences: Map<string, readonly string[]> = new Map();

  constructor(scene: Scene, plan: GroupPlan, options: Partial<GroupOptions>) {
    this.#scene = scene;
    this.plan = plan;
    this.names = membersOf(plan);
    this.#options = {
      make: (of) => plainPart(new GroupMember(of)),
      timing: groupTiming,
      hooks: {},
      limits: {},
      starts: this.names,
      ...options,
    };
  }

  /** Starts all members, unless it was asked for some only. */
  async start(): Promise<void> {
    for (const name of this.#options.starts) await this.boot(name);
  }

  /**
   * A member that the plan does not name may be started from now on. The others hear of its address
   * when it is added.
   */
  welcome(node: TopologyNode): void {
    this.#newcomers.set(node.node, node);
    this.#scene.join(node.address);
  }

  /** Starts one member on its disk. */
  boot(name: string): Promise<void> {
    return this.#scene.clock.settled(this.#begin(name));
  }

  /** A life of a member begins. Time has to pass meanwhile. */
  async #begin(name: string): Promise<void> {
    const { random, clock: time, network } = this.#scene;
    const disk = this.#disks.get(name) ?? this.#newDisk(name);
    this.#disks.set(name, disk);
    const originMs = Math.floor(random() * 1_000_000);
    const clock = new NodeClock(time, originMs, this.#options.hooks.clockRate?.(name));
    const { groups, witnesses } = configurationOf(this.plan);
    const voters = groups.flatMap((group) => group.voters);
    const newcomer = this.#newcomers.get(name);
    const witness = witnesses.includes(name) || newcomer?.role === "witness";
    const options = this.#storageOptions(name, disk, witness);
    const hooked = (opened: Storage): Storage =>
      this.#options.hooks.storage?.(name, opened) ?? opened;
    const opening = openMemberData({
      open: async () => hooked(await openMemoryStorage(options)),
      rebuild: async () => hooked(await rebuildMemoryStorage(options)),
      witness,
      otherVoters: voters.filter((voter) => voter !== name).length,
      clock,
      log: silentLog,
    });
    const { storage, tree } = await opening;
    const part = this.#options.make(this.#memberOptions(name, clock, storage, tree));
    const serving = network.serve(newcomer?.address ?? name, part.services());
    const life = { part, storage, clock, serving };
    this.#lives.set(name, life);
    this.#options.hooks.booted?.(name, life);
  }

  /** Another life of a member begins by itself, on what is left of the one before. */
  async #succeed(name: string, witness: boolean, succession: Succession): Promise<void> {
    const { serving, storage } = this.life(name);
    const disk = this.#disks.get(name);
    if (disk === undefined) throw new Error(`${name} has no disk`);
    this.#lives.delete(name);
    serving.close();
    const options = this.#storageOptions(name, disk, witness);
    const of = (identity: Identity) => ({ ...options, identity });
    await beginNextLife(
      storage,
      succession,
      {
        make: (identity, birth) => openMemoryStorage({ ...of(identity), birth: () => birth }),
        refound: (from, identity, configuration) =>
          refoundMemoryStorage({ ...of(identity), from, configuration }),
        retire: (identity) => retireMemoryStorage(of(identity)),
        keep: async (file, lines) => {
          this.divergences.set(`${name}/${file}`, [...lines]);
        },
      },
      silentLog,
    );
    this.#incarnations.set(name, succession.incarnation);
    await this.#begin(name);
  }

  #storageOptions(name: string, disk: MemoryDisk, witness: boolean) {
    const incarnation = this.#incarnations.get(name) ?? 1;
    return {
      disk,
      identity: { cluster: this.plan.cluster, node: name, incarnation },
      codec: configurationCodec,
      create: true,
      witness,
      birth: () => this.#newBirth(name),
    };
  }

  /** Ends a member without warning; of what was not synced this share of the writes survives. */
  crash(name: string, keepUnsynced: number = 0): CrashOutcome {
    const { serving, part, clock } = this.life(name);
    this.#lives.delete(name);
    clock.kill();
    serving.close();
    part.stop();
    const { random } = this.#scene;
    const nothing = { batchesLost: 0, torn: false, filesLost: [], filesTorn: [] };
    return this.#disks.get(name)?.crash({ keepUnsynced, random }) ?? nothing;
  }

  /** Stops a member in good order. */
  async stop(name: string): Promise<void> {
    const { serving, part, storage } = this.life(name);
    this.#lives.delete(name);
    part.stop();
    serving.close();
    await this.#scene.clock.settled(storage.close());
  }

  /** The life of a member that runs. */
  life(name: string): Life {
    const life = this.#lives.get(name);
    if (life === undefined) throw new Error(`${name} does not run`);
    return life;
  }

  /** Whether a member runs. */
  runs(name: string): boolean {
    return this.#lives.has(name);
  }

  /** A member that runs. */
  member(name: string): GroupMember {
    return this.life(name).part.member;
  }

  /** Members that run. */
  get members(): readonly GroupMember[] {
    return [...this.#lives.values()].map(({ part }) => part.member);
  }

  /** Who leads in the latest term, if anybody. */
  get leader(): GroupMember | undefined {
    const leaders = this.members.filter(({ replica }) => replica.isLeader);
    leaders.sort((a, b) => b.replica.soft.term - a.replica.soft.term);
    return leaders[0];
  }

  /** Members that run and do not lead. */
  get followers(): readonly GroupMember[] {
    return this.members.filter(({ replica }) => !replica.isLeader);
  }

  /** Waits until somebody leads the founded group and all who run know it. */
  async led(): Promise<GroupMember> {
    const { cluster } = this.plan;
    const holds = (): boolean =>
      this.leader !== undefined &&
      this.members.every(({ ready, leader }) => ready && leader === this.leader?.place.node);
    await this.#scene.until(`${cluster} has a leader`, holds);
    const { leader } = this;
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  /** Waits until all who run have applied the same. */
  async level(): Promise<void> {
    const holds = (): boolean => {
      const { members } = this;
      const indexes = members.map(({ tree }) => tree.appliedIndex);
      const commits = members.map(({ replica }) => replica.status().lastIndex);
      return Math.min(...indexes) === Math.max(...commits);
    };
    await this.#scene.until(`${this.plan.cluster} is level`, holds);
  }

  /** From now on nothing can be made durable at a member. */
  breakDisk(name: string): void {
    this.trouble(name, { broken: true });
  }

  /** Changes what is wrong with a member's disk. */
  trouble(name: string, change: Partial<DiskTrouble>): void {
    const trouble = { ...this.#troubleOf(name), ...change };
    this.#troubles.set(name, trouble);
    const disk = this.#disks.get(name);
    if (disk !== undefined) disk.full = trouble.full;
  }

  /** Something is wrong with a member's disk. */
  isTroubled(name: string): boolean {
    const { delayMs, broken, full } = this.#troubleOf(name);
    return delayMs !== soundDisk.delayMs || broken || full;
  }

  /** What a member's data lies on; undefined before its first start. */
  disk(name: string): MemoryDisk | undefined {
    return this.#disks.get(name);
  }

  #newBirth(name: string): string {
    this.#births += 1;
    return `${name}/${this.#births}`;
  }

  #troubleOf(name: string): DiskTrouble {
    return this.#troubles.get(name) ?? soundDisk;
  }

  /** A disk that takes some time for everything that it makes durable. */
  #newDisk(name: string): MemoryDisk {
    return new MemoryDisk((operation, complete) => {
      const { hooks } = this.#options;
      const delayMs = this.#troubleOf(name).delayMs;
      hooks.writing?.(name, operation);
      this.#scene.clock.after(delayMs, () => {
        const done = (): void => {
          if (this.#troubleOf(name).broken) complete(new StorageError("IO", "the disk is broken"));
          else complete();
        };
        const life = this.#lives.get(name);
        // Whoever is stopped learns of it later.
        if (life === undefined) done();
        else life.clock.enter(done);
      });
    });
  }

  #memberOptions(
    name: string,
    clock: NodeClock,
    storage: Storage,
    tree: GroupMemberOptions["tree"],
  ): GroupMemberOptions {
    const { topology, random, regions } = this.#scene;
    const { cluster } = this.plan;
    const newcomer = this.#newcomers.get(name);
    const node = newcomer ?? topology.find((known) => known.node === name);
    if (node === undefined) throw new Error(`${name} is not in the plan`);
    const { region, role, group } = node;
    const tier = cluster === "global" ? "global" : "regional";
    return {
      place: {
        node: name,
        region,
        tier,
        cluster,
      },
      incarnation: storage.identity.incarnation,
      role,
      group,
      storage,
      tree,
      topology: newcomer === undefined ? topology : [...topology, newcomer],
      clock,
      random,
      configuration: startOf(configurationOf(this.plan), newcomer),
      timing: this.#options.timing,
      connect: (handler, noted) => this.#connect(storage.identity, clock, handler, noted),
      log: silentLog,
      fatal: (error) => {
        this.fatal.set(name, error);
        this.#options.hooks.fatal?.(name, error);
      },
      succeed: (succession) => void this.#succeed(name, role === "witness", succession),
      version: "0.0.0",
      memoryBytes: () => 0,
      limits: {
        ...memberLimits,
        ...this.#options.limits,
      },
      bootstrap: {
        kind: "bootstrap",
        cluster,
        regions,
        zones,
      },
    };
  }

  #connect(
    identity: Identity,
    clock: NodeClock,
    handler: PeerHandler,
    noted: (node: string) => string | undefined,
  ): PeerTransport {
    const name = identity.node;
    const address = this.#newcomers.get(name)?.address ?? name;
    const peers = this.#scene.network.createPeerTransport({
      address,
      identity: { ...identity, address },
      // Settings of newcomers are up to date; what is noted in the log counts before them.
      resolve: (node) =>
        this.names.includes(node) ? node : (noted(node) ?? this.#newcomers.get(node)?.address),
      birthOf: (peer) => handler.birthOf?.(peer),
      onPeerDown: (peer, isGone) => clock.defer(() => handler.onPeerDown(peer, isGone)),
      onDismissed: (peer) => clock.defer(() => handler.onDismissed?.(peer)),
      onSuperseded: (peer) => clock.defer(() => handler.onSuperseded?.(peer)),
    });
    return this.#options.hooks.peers?.(name, peers) ?? peers;
  }
}

/** What a member is told that it begins with; a newcomer's settings name itself too. */
function startOf(configuration: Configuration, newcomer: TopologyNode | undefined): Configuration {
  if (newcomer === undefined) return configuration;
  const { node, group, role } = newcomer;
  if (role === "regional-observer") {
    return { ...configuration, learners: [...configuration.learners, node] };
  }
  const groups = configuration.groups.map((known) =>
    known.name === group ? { ...known, voters: [...known.voters, node] } : known,
  );
  const isWitness = role === "witness";
  const witnesses = isWitness ? [...configuration.witnesses, node] : configuration.witnesses;
  return { ...configuration, groups, witnesses };
}

function plainPart(member: GroupMember): Part {
  return { member, services: () => member.services(), stop: () => member.stop() };
}
