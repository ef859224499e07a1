import { type IMembership, type IStandForElectionResponse, MeridianError } from "@meridian/wire";

/** How an election by hand reaches the group. */
export interface ElectionOptions {
  readonly cluster: string;
  /** Who of the group answers, and what each says of it. */
  look(): Promise<readonly IMembership[]>;
  /** Asks a member to stand. Rejects with its refusal. */
  stand(node: string, deadlineMs: number): Promise<IStandForElectionResponse>;
  /** Time in which the group may find a leader by itself. */
  readonly patienceMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Time for one voter: it gives up by itself after about two election timeouts. */
const standMs = 15_000;

/**
 * An election by hand, for a group whose leadership is held by voters that are gone: the others
 * may not begin by themselves. They are asked in turn, those that keep data first. A witness may
 * have to lead for a moment, when it alone has the end of the log: it gives that to the others,
 * steps down, and then one of them can be elected.
 */
export class Election {
  readonly #options: ElectionOptions;
  #missedAtMs: number | undefined;
  #elected = "";
  /** What came of the last round; empty: leadership is not held, or somebody leads. */
  #outcome = "";

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Who was elected last by hand; empty: nobody. */
  get elected(): string {
    return this.#elected;
  }

  /** Somebody leads, and answers. */
  found(): void {
    this.#missedAtMs = undefined;
  }

  /**
   * The leader is not found: asks for an election when that has been so for long. The node that
   * leads now; empty when none was elected.
   */
  async missed(untilMs: number): Promise<string> {
    const { nowMs, patienceMs, look } = this.#options;
    this.#missedAtMs ??= nowMs();
    if (nowMs() - this.#missedAtMs < patienceMs) return "";
    const told = await look();
    this.#outcome = "";
    const holder = told.find(({ heldBy }) => heldBy !== "")?.heldBy;
    if (holder === undefined || told.some(({ leader }) => leader !== "")) return "";
    const held = `leadership is held by group ${holder}`;
    const refusals: string[] = [];
    for (const node of standIns(told)) {
      const leftMs = untilMs - nowMs();
      if (leftMs <= 0) break;
      const answer = await this.#ask(node, Math.min(standMs, leftMs));
      if (typeof answer !== "string") {
        this.found();
        this.#elected = answer.leader;
        return answer.leader;
      }
      refusals.push(answer);
    }
    const none = "no voter of another group answers";
    const why = `none of another group was elected: ${refusals.join("; ")}`;
    this.#outcome = `${held}, and ${refusals.length === 0 ? none : why}`;
    return "";
  }

  /** What a caller is told that waited in vain: what the last round came to, or the refusal. */
  explained(refusal: MeridianError): MeridianError {
    if (this.#outcome === "") return refusal;
    const message = `${this.#options.cluster}: nobody leads; ${this.#outcome}`;
    return new MeridianError("NOT_LEADER", message, { cause: refusal });
  }

  async #ask(node: string, deadlineMs: number): Promise<IStandForElectionResponse | string> {
    try {
      return await this.#options.stand(node, deadlineMs);
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      return error.description;
    }
  }
}

/** Voters that say of themselves that another group holds them back; witnesses last. */
function standIns(told: readonly IMembership[]): readonly string[] {
  const held = told.flatMap(({ toldBy, heldBy, members }) => {
    const own = members.find(({ node }) => node === toldBy);
    if (heldBy === "" || own === undefined || own.group === heldBy) return [];
    return own.standing === "voter" || own.standing === "witness" ? [own] : [];
  });
  held.sort((a, b) => Number(a.standing === "witness") - Number(b.standing === "witness"));
  return [...new Set(held.map(({ node }) => node))];
}
