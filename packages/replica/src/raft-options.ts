import type { RaftOptions } from "@meridian/consensus";
import { configurationCodec } from "./configuration-codec.ts";
import type { ReplicaOptions, ReplicaTiming } from "./replica-options.ts";

/**
 * A member's clock may be so much slower than another's, in parts of the time, before a lease lies.
 */
const clockMargin = 0.25;

/** Entries that are applied in one go: a thousand small ones. */
const applyBytesMax = 64 * 1024;

/** What the core starts with: what the storage holds, and what the member is told to be. */
export function raftOptions(options: ReplicaOptions): RaftOptions {
  const { storage, timing } = options;
  const { forced, recovering } = storage.member;
  return {
    id: options.node,
    log: storage.log,
    random: options.random,
    hardState: storage.hardState(),
    configuration: storage.log.snapshot()?.configuration ?? options.configuration,
    appliedIndex: options.tree.appliedIndex,
    timing,
    limits: { applyBytesMax },
    codec: configurationCodec,
    recovering,
    forced: forced && {
      configuration: forced.configuration,
      incarnation: storage.identity.incarnation,
    },
    leaseMs: timing.reads === "lease" ? leaseMsOf(timing) : undefined,
  };
}

/** A follower may count the first tick right after it has heard its leader. */
function leaseMsOf({ leaseTicks, tickMs }: ReplicaTiming): number {
  return (leaseTicks - 1) * tickMs * (1 - clockMargin);
}
