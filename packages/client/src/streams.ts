import { MeridianError } from "@meridian/wire";
import { Changes, type ChangesContext, type ChangesOptions } from "./changes/changes.ts";
import type { ClientContext } from "./client-context.ts";
import { originsOf, streamedBy, watchSteps } from "./route.ts";
import { decodeToken } from "./token.ts";
import { Watch, type WatchContext, type WatchOptions } from "./watch.ts";

/** The watches and change streams of a client that are open. */
export class Streams {
  readonly #context: ClientContext;
  readonly #open = new Set<{ close(): void }>();

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Opens a watch. */
  watch(path: string, options: WatchOptions): Watch {
    const { runtime, performer, lanes, topology, token } = this.#context;
    const policy = performer.policyOf(path);
    const wanted = options.consistency ?? "regional";
    performer.ownerOf(path);
    const context: WatchContext = {
      runtime,
      token,
      open: this.#open,
      origins: originsOf(policy, topology.directory),
      steps: watchSteps(policy, wanted, topology.directory),
      lane: ({ destination }) => lanes.stranger(destination),
    };
    return new Watch(context, path, decodeToken(options.from ?? ""), options);
  }

  /** Opens a change stream. */
  changes(options: ChangesOptions): Changes {
    const { runtime, pool, topology, token } = this.#context;
    const { prefix = [], cluster } = options;
    const prefixes = typeof prefix === "string" ? [prefix] : prefix;
    const { directory } = topology;
    if (cluster !== undefined && !directory.has(cluster)) {
      throw new MeridianError("REGION_UNAVAILABLE", `${cluster} is not known`);
    }
    const context: ChangesContext = {
      runtime,
      pool,
      token,
      open: this.#open,
      region: topology.region,
      cluster: cluster ?? this.#clusterOf(prefixes),
      candidates: (name) => topology.directory.candidates({ kind: "cluster", cluster: name }),
      refreshTopology: () => void topology.refresh(),
    };
    return new Changes(context, prefixes, options);
  }

  /** Ends them all. What they have queued can still be read. */
  close(): void {
    for (const stream of this.#open) stream.close();
  }

  #clusterOf(prefixes: readonly string[]): string {
    const { performer, topology } = this.#context;
    const { directory } = topology;
    const clusters = prefixes.map((prefix) => {
      performer.ownerOf(prefix);
      return streamedBy(performer.policyOf(prefix), directory);
    });
    const [first = directory.region, ...others] = clusters;
    if (others.every((other) => other === first)) return first;
    const message = `no single cluster shows ${prefixes.join(", ")}: open a stream for each`;
    throw new MeridianError("BAD_ARGUMENTS", message);
  }
}
