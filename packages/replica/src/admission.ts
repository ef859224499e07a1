import type { NodeId } from "@meridian/consensus";
import type { Acquaintance, Storage } from "@meridian/storage";
import { type Encodable, type IMeetResponse, MeetOutcome } from "@meridian/wire";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** What admission is made of. */
export interface AdmissionOptions {
  readonly node: NodeId;
  readonly cluster: string;
  readonly storage: Pick<Storage, "member" | "admit" | "acquaint">;
  /** Voters of the cluster as it is configured; this member may be one of them. */
  readonly voters: readonly NodeId[];
  /** Introduces this member to a peer; see `PeerTransport.meet`. */
  readonly meet: (to: NodeId, birth: string) => Promise<IMeetResponse>;
  readonly clock: Clock;
  /** Jitters the pauses; in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Called once, when the member may take part; not for one that was admitted before. */
  readonly onAdmitted: () => void;
  /** Called at most once: an AdmissionError, or a StorageError. The process must end. */
  readonly onFailure: (error: Error) => void;
}

/** Pauses between two rounds of introductions. */
const pauseMsMin = 50;
const pauseMsMax = 1_000;
/** A wait that lasts is told of so often. */
const tellMs = 5_000;
/**
 * Pauses between introductions to those who did not have to be waited for, and how many at most.
 */
const restMsMin = 1_000;
const restMsMax = 60_000;
const restsMax = 50;

/** A member that has lost its data came back under its old name. */
export class AdmissionError extends Error {
  override readonly name = "AdmissionError";
  readonly code = "WIPED";
  constructor(node: NodeId, cluster: string, by: NodeId) {
    super(
      `[WIPED] the data of ${node} is new, but ${by} has met another member of that name in ` +
        `cluster ${cluster}: its data was lost or replaced, and with it what it had promised. ` +
        "It must not come back under this name. Remove it and add it under a new one: " +
        `\`meridian member remove ${node}\`, then \`meridian member add NAME --address HOST:PORT\``,
    );
  }
}

/**
 * Lets a new member take part only when no earlier one of its name can have taken part.
 *
 * A member whose disk was emptied has forgotten whom it voted for and what it had acknowledged.
 * Back under its old name it could help to lose both. So each member's data carries a birth, made
 * at random; a new member introduces itself with it to the others, who write down the first birth
 * of each name and refuse every other. It takes part when a majority of the other voters has it
 * written down. Any two such majorities meet: a second birth always finds somebody who knows the
 * first. The rest is told later, without haste, for the case that more than one lose their data.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** In the order in which they are asked. */
  readonly #others: NodeId[];
  readonly #welcomes = new Set<NodeId>();
  readonly #asked = new Set<NodeId>();
  #rounds = 0;
  #admitted: boolean;
  #settled: boolean;
  #stopped = false;
  #cancel: () => void = () => {};
  #toldAtMs: number;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { voters, node } = options;
    // Each begins with those after it: otherwise all would ask the same ones.
    const place = voters.indexOf(node) + 1;
    this.#others = [...voters.slice(place), ...voters.slice(0, Math.max(0, place - 1))];
    this.#admitted = options.storage.member.admitted;
    this.#settled = this.#admitted;
    this.#toldAtMs = options.clock.nowMs();
  }

  /** The member may take part. */
  get admitted(): boolean {
    return this.#admitted;
  }

  /** What a status page says of it; empty once admitted. */
  get waitsFor(): string {
    return this.#admitted ? "" : `waiting for ${this.#welcomes.size} of ${this.#needed}`;
  }

  /** Begins to introduce itself, unless it was admitted in an earlier life. */
  start(): void {
    if (this.#admitted) return this.#rest(0);
    this.#consider();
    if (!this.#settled) this.#round();
  }

  /** Answers another member that introduces itself. */
  async answer(from: NodeId, birth: string): Promise<Encodable<IMeetResponse>> {
    const found = await this.#acquaint(from, birth);
    // Whoever has just come up can answer now: when a cluster starts nobody waits for a pause.
    if (!this.#settled && this.#others.includes(from)) this.#introduce(from);
    if (found !== "other") {
      // One that is not admitted may yet turn out to be wiped: nobody is to remember it.
      const birth = this.#admitted ? this.#options.storage.member.birth : "";
      return { outcome: MeetOutcome.WELCOME, birth };
    }
    this.#options.log.warn(
      { member: from },
      "a member came back without its data, and was refused",
    );
    return { outcome: MeetOutcome.OTHER_BIRTH };
  }

  /** The group has these members by now: settings may be older than many of them. */
  know(members: readonly NodeId[]): void {
    if (!this.#admitted || this.#stopped) return;
    const { node } = this.#options;
    const strange = members.filter((one) => one !== node && !this.#others.includes(one));
    if (strange.length === 0) return;
    this.#others.push(...strange);
    this.#cancel();
    this.#rest(0);
  }

  /**
   * A peer knows another member under this name. That this one was admitted proves nothing: those
   * whom its settings name may be few, or itself alone, while the group has grown since.
   */
  disown(by: NodeId): void {
    const { node, cluster } = this.#options;
    this.#fail(new AdmissionError(node, cluster, by));
  }

  /** Nothing is called back after this. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  get #needed(): number {
    const { length } = this.#others;
    return length === 0 ? 0 : Math.floor(length / 2) + 1;
  }

  /**
   * Asks no more of the others than are needed; whoever does not answer is asked last next time.
   */
  #round(): void {
    const { clock, random } = this.#options;
    for (const other of this.#others) {
      if (this.#welcomes.size + this.#asked.size >= this.#needed) break;
      this.#introduce(other);
    }
    const pauseMs = Math.min(pauseMsMin * 2 ** this.#rounds, pauseMsMax);
    this.#rounds += 1;
    this.#tell();
    this.#cancel = clock.after(pauseMs * (0.5 + random() / 2), () => this.#round());
  }

  /** Tells those who do not know this member yet, one after the other. */
  #rest(count: number): void {
    const strange = this.#others.filter((other) => !this.#welcomes.has(other));
    const [next] = strange;
    if (next === undefined || count === restsMax) return;
    const { clock, random } = this.#options;
    const lap = Math.floor(count / strange.length);
    const pauseMs = Math.min(restMsMin * 2 ** lap, restMsMax) * (0.5 + random());
    this.#cancel = clock.after(pauseMs, () => {
      this.#introduce(next);
      this.#rest(count + 1);
    });
  }

  #introduce(to: NodeId): void {
    if (this.#stopped || this.#welcomes.has(to) || this.#asked.has(to)) return;
    const { meet, storage } = this.#options;
    this.#asked.add(to);
    const met = meet(to, storage.member.birth).then((answer) => this.#onAnswer(to, answer));
    // Not up yet, cut off, or of another cluster.
    met.catch(() => this.#postpone(to)).finally(() => this.#asked.delete(to));
  }

  async #onAnswer(from: NodeId, { outcome, birth }: IMeetResponse): Promise<void> {
    if (this.#stopped) return;
    const { log } = this.#options;
    if (outcome === MeetOutcome.WELCOME) {
      // The word of one that has lost its data says nothing about who was here before.
      if (birth !== "" && (await this.#acquaint(from, birth)) === "other") {
        return this.#postpone(from);
      }
      if (this.#stopped) return;
      this.#welcomes.add(from);
      this.#consider();
    } else if (outcome === MeetOutcome.OTHER_BIRTH) {
      this.#postpone(from);
      // Whoever was admitted was so by a majority: another came under its name since, and was not.
      if (this.#settled) log.warn({ by: from }, "another member came under the name of this one");
      else this.disown(from);
    }
  }

  /** Asks this one last next time. */
  #postpone(other: NodeId): void {
    this.#others.push(...this.#others.splice(this.#others.indexOf(other), 1));
  }

  /** Remembers another member under the first birth that is heard of it. */
  async #acquaint(other: NodeId, birth: string): Promise<Acquaintance> {
    try {
      return await this.#options.storage.acquaint(other, birth);
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    }
  }

  #consider(): void {
    if (this.#settled || this.#welcomes.size < this.#needed) return;
    this.#settled = true;
    this.#cancel();
    const { storage, onAdmitted } = this.#options;
    storage.admit().then(
      () => {
        if (this.#stopped) return;
        this.#admitted = true;
        this.#rest(0);
        onAdmitted();
      },
      (error: unknown) => this.#fail(error as Error),
    );
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.#settled = true;
    this.stop();
    this.#options.onFailure(error);
  }

  #tell(): void {
    const { clock, log } = this.#options;
    if (clock.nowMs() - this.#toldAtMs < tellMs) return;
    this.#toldAtMs = clock.nowMs();
    const missing = this.#others.filter((other) => !this.#welcomes.has(other));
    log.info(
      { welcomes: this.#welcomes.size, needed: this.#needed, missing },
      "not admitted yet: waiting for voters to say that they know no other member of this name",
    );
  }
}
