import { globalCluster, type OpenFollow, type TopologyNode } from "@meridian/replica";
import { type LinkState, MemoryNetwork } from "@meridian/transport";
import { Group, type GroupOptions } from "./group.ts";
import { type GroupPlan, topologyOf } from "./plan.ts";
import { randomOf } from "./random.ts";
import type { Pending } from "./session-client.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A platform within the process, on virtual time: the same seed gives the same run. */
export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: () => number;
  readonly network: MemoryNetwork;
  readonly topology: readonly TopologyNode[];
  readonly regions: readonly string[];
  /** All addresses that were ever talked from or to. */
  readonly #addresses = new Set<string>();

  /** `others`: nodes in no group, such as edges, that all are told of as well. */
  constructor(seed: number, plans: readonly GroupPlan[], others: readonly TopologyNode[] = []) {
    this.random = randomOf(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.random, detectMs: 1_000 });
    this.topology = [...topologyOf(plans), ...others];
    const clusters = plans.map(({ cluster }) => cluster);
    this.regions = clusters.filter((cluster) => cluster !== globalCluster).sort();
    for (const { address } of this.topology) this.join(address);
  }

  /** Starts the members of a group. */
  async group(plan: GroupPlan, options: Partial<GroupOptions> = {}): Promise<Group> {
    const group = new Group(this, plan, options);
    await group.start();
    return group;
  }

  /** An address takes part from now on, a millisecond away from all others. */
  join(address: string): void {
    for (const other of this.#addresses) {
      this.network.setLink(address, other, { delayMs: 1 });
      this.network.setLink(other, address, { delayMs: 1 });
    }
    this.#addresses.add(address);
  }

  /** How nodes at an address follow others. */
  follow(from: string): (address: string) => OpenFollow {
    return (address) => {
      const channel = this.network.openChannel(from, address);
      return (handler) => channel.follow(handler);
    };
  }

  /** Changes the links in both directions between two sets of addresses. */
  link(some: readonly string[], others: readonly string[], change: Partial<LinkState>): void {
    for (const a of some) {
      for (const b of others) {
        if (a === b) continue;
        this.network.setLink(a, b, change);
        this.network.setLink(b, a, change);
      }
    }
  }

  /** Cuts some addresses off from all others, but not from each other. */
  isolate(...some: readonly string[]): void {
    this.link(some, this.#allBut(some), { cut: true });
  }

  /** Takes every cut back. */
  heal(): void {
    const all = [...this.#addresses];
    this.link(all, all, { cut: false });
  }

  run(forMs: number): Promise<void> {
    return this.clock.run(forMs);
  }

  until(what: string, holds: () => boolean, maxMs?: number): Promise<void> {
    return this.clock.until(what, holds, maxMs);
  }

  /** Waits for the answers to requests. */
  async answered(...requests: readonly Pending[]): Promise<void> {
    const open = (): number => requests.filter(({ response }) => response === undefined).length;
    await this.until(`all of ${requests.length} requests are answered`, () => open() === 0);
  }

  #allBut(some: readonly string[]): readonly string[] {
    return [...this.#addresses].filter((address) => !some.includes(address));
  }
}
