import { type IMembership, type IStandForElectionResponse, MeridianError } from "@meridian/wire";

/** How an election by hand reaches the group. */
export interface ElectionOptions {
  readonly cluster: string;
  /** Who of the group answers, and what each says of it. */
  readonly look: () => Promise<readonly IMembership[]>;
  /** Asks a member to stand. Rejects with its refusal. */
  readonly stand: (node: string, deadlineMs: number) => Promise<IStandForElectionResponse>;
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
  /** Group that keeps everybody else from leading; empty: there is none, or somebody leads. */
  #holder = "";
  /** Why each was not elected, by node. */
  readonly #refusals = new Map<string, string>();

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Who was elected last by hand; empty: nobody. */
  get elected(): string {
    return this.#elected;
  }

  /**
   * An attempt was refused. When no leader has been found for long, asks for an election. The node
   * that leads now; empty when none was elected.
   */
  async after({ code }: MeridianError, untilMs: number): Promise<string> {
    if (code !== "CHANGE_EARLY") return await this.#missed(untilMs);
    // Who says so leads, and answers.
    this.#missedAtMs = undefined;
    this.#holder = "";
    return "";
  }

  /** What a caller is told that waited in vain: what the last round came to, or the refusal. */
  explained(refusal: MeridianError): MeridianError {
    if (this.#holder === "") return refusal;
    const none = "no voter of another group answers";
    const why = `none of another group was elected: ${[...this.#refusals.values()].join("; ")}`;
    const outcome = this.#refusals.size === 0 ? none : why;
    const held = `leadership is held by group ${this.#holder}`;
    const message = `${this.#options.cluster}: nobody leads; ${held}, and ${outcome}`;
    return new MeridianError("NOT_LEADER", message, { cause: refusal });
  }

  async #missed(untilMs: number): Promise<string> {
    const { nowMs, patienceMs, look } = this.#options;
    this.#missedAtMs ??= nowMs();
    if (nowMs() - this.#missedAtMs < patienceMs) return "";
    const told = await look();
    const isLed = told.some(({ leader }) => leader !== "");
    this.#holder = isLed ? "" : (told.find(({ heldBy }) => heldBy !== "")?.heldBy ?? "");
    if (this.#holder === "") return "";
    for (const node of standIns(told)) {
      const leftMs = untilMs - nowMs();
      if (leftMs <= 0) break;
      const leader = await this.#ask(node, Math.min(standMs, leftMs));
      if (leader === "") continue;
      this.#missedAtMs = undefined;
      this.#holder = "";
      this.#refusals.clear();
      this.#elected = leader;
      return leader;
    }
    return "";
  }

  /** Who leads then; empty: it was refused. */
  async #ask(node: string, deadlineMs: number): Promise<string> {
    try {
      return (await this.#options.stand(node, deadlineMs)).leader;
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      const { code, description } = error;
      // A last try that there was no time for tells less than the one before.
      const isCut = code === "DEADLINE" && deadlineMs < standMs && this.#refusals.has(node);
      const text = description.startsWith(node) ? description : `${node}: ${description}`;
      if (!isCut) this.#refusals.set(node, text);
      return "";
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
