import type { NodeId } from "@meridian/consensus";
import type { Clock } from "./clock.ts";
import type { Replica } from "./replica.ts";
import type { ReplicaTiming } from "./replica-options.ts";
import { contactMaxMs } from "./session-liveness.ts";

/**
 * Who leads, as far as this member has heard lately. Members that do not campaign by themselves,
 * since another group holds leadership or since they are learners, remember their last leader
 * without end: for an operator that one must not pass for one who leads.
 */
export class HeardLeader {
  readonly #replica: Replica;
  readonly #clock: Clock;
  /** Silence after which every voter that may campaign does so. */
  readonly #missedMs: number;
  #changedAtMs: number;

  constructor(
    replica: Replica,
    { clock, timing }: { readonly clock: Clock; readonly timing: ReplicaTiming },
  ) {
    const { electionTicks, electionJitterTicks, tickMs } = timing;
    this.#replica = replica;
    this.#clock = clock;
    this.#missedMs = Math.max(contactMaxMs, (electionTicks + electionJitterTicks) * tickMs);
    this.#changedAtMs = clock.nowMs();
    replica.listen({
      onSoftState: () => {
        this.#changedAtMs = clock.nowMs();
      },
    });
  }

  /** The leader; undefined: there is none, or it has been silent for too long. */
  get node(): NodeId | undefined {
    const { soft, contact } = this.#replica;
    // A new leader is known by its heartbeats before it has answered anything.
    const silenceMs = Math.min(contact.silenceMs, this.#clock.nowMs() - this.#changedAtMs);
    return silenceMs > this.#missedMs ? undefined : soft.leader;
  }
}
