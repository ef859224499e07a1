import type { Scratch } from "../system/support/scratch.ts";
import { ClientSide } from "./client-side.ts";
import { compare, type Through, type Verdict } from "./comparison.ts";
import { fenced, perform, survey } from "./ending.ts";
import { MeridianSide } from "./meridian-side.ts";
import type { Step } from "./operation.ts";
import { emulatedCluster, realCluster, type RegionalCluster } from "./regional-clusters.ts";
import { type ZookeeperOptions, ZookeeperServer } from "./zookeeper-server.ts";
import { ZookeeperSide } from "./zookeeper-side.ts";

/** What a run is. */
export interface StageOptions {
  /** Where Meridian runs: within this process on virtual time, or as three processes. */
  readonly cluster: "emulated" | "real";
  /** Emulated members take a snapshot after so many entries. Default: never in a script. */
  readonly snapshotEntries?: number | undefined;
  /** How Meridian is used. */
  readonly through: Through;
  /** A ZooKeeper that runs, and that others use as well. Default: one of the stage's own. */
  readonly server?: ZookeeperServer | undefined;
  /** How an own ZooKeeper runs, beside what all scripts need. */
  readonly zookeeper?: ZookeeperOptions;
  /** Decides what the sessions and the network of the Meridian side do. */
  readonly seed: number;
  readonly scratch: Scratch;
}

/** Both platforms, ready for any number of scripts one after the other. */
export class Stage implements AsyncDisposable {
  readonly #options: StageOptions;
  readonly #server: ZookeeperServer;
  readonly #real: RegionalCluster | undefined;

  private constructor(
    options: StageOptions,
    server: ZookeeperServer,
    real: RegionalCluster | undefined,
  ) {
    this.#options = options;
    this.#server = server;
    this.#real = real;
  }

  /** Starts what scripts need. */
  static async start(options: StageOptions): Promise<Stage> {
    const { scratch, seed, cluster, zookeeper } = options;
    const server = options.server ?? (await startZookeeper(scratch, zookeeper));
    const real = cluster === "real" ? await realCluster(seed, scratch) : undefined;
    return new Stage(options, server, real);
  }

  /** Does a script at both sides, beside each other, and compares. */
  async run(script: readonly Step[]): Promise<Verdict> {
    const name = this.#server.nextScript();
    const { scratch, seed, through, snapshotEntries } = this.#options;
    await using zookeeper = await ZookeeperSide.connect(this.#server.address, scratch, name);
    const cluster = this.#real ?? (await emulatedCluster(seed, snapshotEntries));
    const Meridian = through === "client" ? ClientSide : MeridianSide;
    await using meridian = await Meridian.connect(cluster, name);
    const whole = fenced(script);
    await perform(whole, zookeeper, meridian);
    const looks = await survey(whole, zookeeper, meridian);
    await cluster.settled(cluster.calm());
    const steps = [...whole, ...looks];
    return compare(steps, zookeeper.transcript, meridian.transcript, through);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.server === undefined) await this.#server[Symbol.asyncDispose]();
    await this.#real?.close();
  }
}

/** A server as scripts need it: nothing is compared that a crash could take away. */
export function startZookeeper(
  scratch: Scratch,
  options: ZookeeperOptions = {},
): Promise<ZookeeperServer> {
  return ZookeeperServer.start(scratch, { isDurable: false, ...options });
}
