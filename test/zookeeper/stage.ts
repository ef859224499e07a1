import type { Scratch } from "../system/support/scratch.ts";
import { compare, type Verdict } from "./comparison.ts";
import { MeridianSide, type Reachable } from "./meridian-side.ts";
import type { Step } from "./operation.ts";
import type { Side } from "./outcome.ts";
import { emulatedCluster, realCluster } from "./regional-clusters.ts";
import { ZookeeperServer } from "./zookeeper-server.ts";
import { ZookeeperSide } from "./zookeeper-side.ts";

/** What a run is. */
export interface StageOptions {
  /** Where Meridian runs: within this process on virtual time, or as three processes. */
  readonly cluster: "emulated" | "real";
  /** Decides what the sessions and the network of the Meridian side do. */
  readonly seed: number;
  readonly scratch: Scratch;
}

/** Both platforms, ready for any number of scripts one after the other. */
export class Stage implements AsyncDisposable {
  readonly #options: StageOptions;
  readonly #server: ZookeeperServer;
  readonly #real: Reachable | undefined;
  #runs = 0;

  private constructor(options: StageOptions, server: ZookeeperServer, real: Reachable | undefined) {
    this.#options = options;
    this.#server = server;
    this.#real = real;
  }

  /** Starts what scripts need. */
  static async start(options: StageOptions): Promise<Stage> {
    const { scratch, seed, cluster } = options;
    // Nothing is compared that a crash could take away.
    const server = await ZookeeperServer.start(scratch, { isDurable: false });
    const real = cluster === "real" ? await realCluster(seed, scratch) : undefined;
    return new Stage(options, server, real);
  }

  /** Does a script at both sides, beside each other, and compares. */
  async run(script: readonly Step[]): Promise<Verdict> {
    this.#runs += 1;
    const name = `script-${this.#runs}`;
    const { scratch, seed } = this.#options;
    await using zookeeper = await ZookeeperSide.connect(this.#server.address, scratch, name);
    const cluster = this.#real ?? (await emulatedCluster(seed));
    await using meridian = await MeridianSide.connect(cluster, name);
    const whole = fenced(script);
    await Promise.all([perform(zookeeper, whole), perform(meridian, whole)]);
    return compare(whole, zookeeper.transcript, meridian.transcript);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#real?.close();
  }
}

async function perform(side: Side, script: readonly Step[]): Promise<void> {
  for (const step of script) await side.perform(step);
}

/** Ends a script with a read of every session: before its answer come all events. */
function fenced(script: readonly Step[]): readonly Step[] {
  const open = new Set<string>();
  let last = 0;
  for (const step of script) {
    if (step.kind === "open") open.add(step.session);
    else if (step.kind === "close" || step.kind === "abandon") open.delete(step.session);
    else if (step.kind === "burst") last = Math.max(last, ...step.operations.map(({ id }) => id));
  }
  const fences = [...open].map((session, place): Step => {
    const fence = { kind: "exists", path: "/", watch: false, id: last + 1 + place } as const;
    return { kind: "burst", session, operations: [fence] };
  });
  return [...script, ...fences];
}
