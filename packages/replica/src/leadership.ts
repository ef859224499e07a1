import { MeridianError } from "@meridian/wire";
import type {
  Encodable,
  ITransferLeadershipRequest,
  ITransferLeadershipResponse,
} from "@meridian/wire";
import { type Clock, every } from "./clock.ts";
import type { Membership } from "./membership.ts";
import type { Replica } from "./replica.ts";

/** A transfer that has not ended by then is given up; the group goes on as it was. */
const transferMaxMs = 10_000;
const pollMs = 20;

/** Planned changes of leadership, as operators ask for them. */
export class Leadership {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #node: string;
  readonly #clock: Clock;
  #stopped = false;

  constructor(
    replica: Replica,
    membership: Membership,
    options: { readonly place: { readonly node: string }; readonly clock: Clock },
  ) {
    this.#replica = replica;
    this.#membership = membership;
    this.#node = options.place.node;
    this.#clock = options.clock;
  }

  /**
   * Hands leadership to a node, or to the best voter of a region, and resolves when it leads.
   * @throws {MeridianError} NOT_LEADER with the leader as hint, BAD_ARGUMENTS, DEADLINE.
   */
  async transfer(
    request: ITransferLeadershipRequest,
  ): Promise<Encodable<ITransferLeadershipResponse>> {
    const { soft, isLeader } = this.#replica;
    if (!isLeader) {
      const message = `${this.#node} does not lead; ${soft.leader ?? "nobody known"} does`;
      throw new MeridianError("NOT_LEADER", message, { hint: soft.leader ?? "" });
    }
    if (request.region !== "" && this.#regionOf(this.#node) === request.region) {
      return { leader: this.#node, region: request.region, pauseMs: 0 };
    }
    const target = this.#target(request);
    if (target === this.#node) return this.#answer(target, 0);
    const startedAtMs = this.#clock.nowMs();
    const begun = this.#replica.transferLeadership(target);
    if (begun === "held") {
      const message = `leadership is held by another group than that of ${target}`;
      const advice = "release it first (meridian global release)";
      throw new MeridianError("CHANGE_REFUSED", `${message}: ${advice}`, { hint: begun });
    }
    if (begun !== "started") {
      throw new MeridianError("BAD_ARGUMENTS", `leadership cannot go to ${target}: ${begun}`);
    }
    const leader = await this.#nextLeader(startedAtMs);
    if (leader === undefined) {
      throw new MeridianError("DEADLINE", `${target} did not take over within ${transferMaxMs} ms`);
    }
    return this.#answer(leader, Math.ceil(this.#clock.nowMs() - startedAtMs));
  }

  /** Ends transfers that are under way, for whoever waits for them. */
  stop(): void {
    this.#stopped = true;
  }

  #target({ node, region }: ITransferLeadershipRequest): string {
    const { configuration, progress } = this.#replica.status();
    const voters = configuration.groups
      .flatMap((group) => group.voters)
      .filter((voter) => !configuration.witnesses.includes(voter))
      .filter((voter) => (node === "" ? this.#regionOf(voter) === region : voter === node));
    // Whoever is heard of, and of those who has most of the log.
    const rank = (voter: string): number => {
      const known = progress.get(voter);
      if (voter === this.#node) return Infinity;
      return known?.active === true ? known.match : -1;
    };
    voters.sort((a, b) => rank(b) - rank(a));
    const [best] = voters;
    if (best !== undefined) return best;
    const wanted = node === "" ? `region ${region}` : node;
    const message = `${wanted} has no voter that could lead this group`;
    throw new MeridianError("BAD_ARGUMENTS", message);
  }

  #regionOf(node: string): string | undefined {
    return this.#membership.topology.find((known) => known.node === node)?.region;
  }

  #answer(leader: string, pauseMs: number): Encodable<ITransferLeadershipResponse> {
    return { leader, region: this.#regionOf(leader) ?? "", pauseMs };
  }

  #nextLeader(startedAtMs: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const cancel = every(this.#clock, pollMs, () => {
        const { leader } = this.#replica.soft;
        const other = leader !== undefined && leader !== this.#node;
        const late = this.#clock.nowMs() - startedAtMs > transferMaxMs;
        if (!other && !late && !this.#stopped) return;
        cancel();
        resolve(other ? leader : undefined);
      });
    });
  }
}
