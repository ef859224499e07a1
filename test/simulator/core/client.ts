import { Consistency, type Pending, SessionClient } from "@meridian/replica/harness";
import { CreateMode, errorCodeName, type IResponse } from "@meridian/wire";
import type { World } from "./world.ts";

const registers = ["r0", "r1", "r2"];
const directories = ["a", "ab"];

/** A write, and what is to be found of it in the history. */
interface Issued {
  readonly pending: Pending;
  /** Nobody else writes it. */
  readonly mark: string;
  settled: boolean;
}

interface Asked {
  readonly pending: Pending;
  readonly path: string;
  /** What the answer must not be older than. */
  readonly floor: number;
  readonly strict: boolean;
}

/** Refusals that are no answer to a write: it is sent again. */
const transient: ReadonlySet<string> = new Set([
  "OVERLOADED",
  "NOT_LEADER",
  "UNKNOWN",
  "DEADLINE",
  "REGION_UNAVAILABLE",
  "GLOBAL_UNAVAILABLE",
]);
/** A stream on which nothing was heard for so long is given up. */
export const silenceMs = 700;

/** What all clients of a run know together. */
export interface Knowledge {
  /** Highest index that any of them was told of by a strict answer. */
  index: number;
}

/** A session that writes and reads at whatever member it finds. */
export class Client {
  readonly name: string;
  readonly #world: World;
  readonly #session: SessionClient;
  readonly #knowledge: Knowledge;
  readonly #number: number;
  readonly #writes: Issued[] = [];
  #reads: Asked[] = [];
  readonly #versions = new Map<string, number>();
  #connectedAtMs = -Infinity;
  #marks = 0;
  /** What its session has seen, for reads that must not go back. */
  #seen = 0;
  #idle = false;

  constructor(world: World, number: number, knowledge: Knowledge) {
    this.name = `c${number}`;
    this.#world = world;
    this.#number = number;
    this.#knowledge = knowledge;
    this.#session = new SessionClient(world.scene, this.name, number, 120_000);
    world.clients.push(this.name);
  }

  /** Writes that are not answered. */
  get open(): number {
    return this.#writes.filter(({ settled }) => !settled).length;
  }

  /** Issues nothing more. */
  rest(): void {
    this.#idle = true;
  }

  /** One step of its life: takes answers in, finds a member if it has none, issues something. */
  step(members: readonly string[]): void {
    this.#settle();
    const { nowMs } = this.#world;
    const late = !this.#session.isOpen && nowMs - this.#connectedAtMs > silenceMs;
    const moves = !this.#idle && this.#world.chance(0.02);
    if (this.#session.over || late || moves) return this.#connect(members);
    if (this.#session.isOpen && !this.#idle) this.#issue();
  }

  /** Connects somewhere and sends all unanswered writes again. */
  #connect(members: readonly string[]): void {
    const node = this.#world.pick(members);
    if (node === undefined) return;
    this.#world.ledger.note(`${this.name} connects to ${node}`);
    this.#connectedAtMs = this.#world.nowMs;
    this.#reads = [];
    this.#session.connect(this.#world.addressOf(node));
  }

  #issue(): void {
    const world = this.#world;
    const count = world.chance(0.2) ? 1 + world.below(6) : 1;
    for (let at = 0; at < count; at += 1) {
      if (this.open > 40) return;
      if (world.stage.root === "/global" && world.chance(0.05)) {
        this.#limit();
        continue;
      }
      const dice = world.below(10);
      if (dice < 2) this.#createNext();
      else if (dice < 3) this.#several();
      else if (dice < 5) this.#set(-1);
      else if (dice < 7) this.#set(world.chance(0.3) ? 1 : undefined);
      else this.#read();
    }
  }

  #createNext(): void {
    const mark = this.#mark();
    const data = Buffer.from(mark);
    const ephemeral = this.#world.chance(0.2);
    const mode = ephemeral ? CreateMode.EPHEMERAL_SEQUENTIAL : CreateMode.PERSISTENT_SEQUENTIAL;
    this.#write(mark, { create: { path: `${this.#world.stage.root}/q-`, data, mode } });
  }

  /** Makes a node as a sign of it, and with it changes some in directories that watches are for. */
  #several(): void {
    const { root } = this.#world.stage;
    const mark = this.#mark();
    const mode = CreateMode.PERSISTENT_SEQUENTIAL;
    const sign = { create: { path: `${root}/q-`, data: Buffer.from(mark), mode } };
    const others = Array.from({ length: 1 + this.#world.below(3) }, (_, place) => {
      const path = `${root}/${this.#world.pick(directories)}/n${this.#world.below(3)}`;
      const data = Buffer.from(`with ${mark} ${place}`);
      const dice = this.#world.below(3);
      if (dice === 0) return { delete: { path, version: -1 } };
      if (dice === 1) return { set: { path, data, version: -1 } };
      return { create: { path, data, mode: CreateMode.PERSISTENT, parents: true } };
    });
    this.#write(mark, { multi: { operations: [sign, ...others] } });
  }

  /** Bounds the directories, with a node as a sign of it. Only the owner of the table can. */
  #limit(): void {
    const { root } = this.#world.stage;
    const mark = this.#mark();
    const mode = CreateMode.PERSISTENT_SEQUENTIAL;
    const sign = { create: { path: `${root}/q-`, data: Buffer.from(mark), mode } };
    const quotas = [
      { path: `${root}/a`, nodesMax: 1 + this.#world.below(4) },
      { path: `${root}/ab`, bytesMax: 20 + this.#world.below(60) },
    ];
    const data = Buffer.from(JSON.stringify(quotas.slice(this.#world.below(3))));
    const path = "/meridian/quotas";
    const table = this.#world.chance(0.3)
      ? { create: { path, data } }
      : { set: { path, data, version: -1 } };
    this.#write(mark, { multi: { operations: [sign, table] } });
  }

  /** Sets a register: whatever its version, at the one last seen, or at another. */
  #set(wanted: number | undefined): void {
    const path = `${this.#world.stage.root}/${this.#world.pick(registers)}`;
    const version = wanted === -1 ? -1 : (this.#versions.get(path) ?? 0) + (wanted ?? 0);
    const mark = this.#mark();
    if (version === -1 || this.#versions.has(path)) {
      this.#write(mark, { set: { path, data: Buffer.from(mark), version } });
    } else {
      const mode = CreateMode.PERSISTENT;
      this.#write(mark, { create: { path, data: Buffer.from(mark), mode } });
    }
  }

  #read(): void {
    const path = `${this.#world.stage.root}/${this.#world.pick(registers)}`;
    const strict = this.#world.chance(0.7);
    const floor = strict ? this.#knowledge.index : this.#seen;
    const after = [{ cluster: this.#world.stage.plan.cluster, incarnation: 1, index: this.#seen }];
    const pending = this.#session.ask({
      get: { path },
      consistency: strict ? Consistency.STRICT : Consistency.REGIONAL,
      after,
    });
    this.#reads.push({ pending, path, floor, strict });
  }

  #mark(): string {
    this.#marks += 1;
    return `${this.#number}:${this.#marks}`;
  }

  #write(mark: string, operation: Parameters<SessionClient["write"]>[0]): void {
    const pending = this.#session.write(operation);
    this.#writes.push({ pending, mark, settled: false });
  }

  #settle(): void {
    for (const write of this.#writes) if (!write.settled) this.#settleWrite(write);
    const open: Asked[] = [];
    for (const read of this.#reads) {
      if (read.pending.response === undefined) open.push(read);
      else this.#checkRead(read);
    }
    this.#reads = open;
  }

  #settleWrite(write: Issued): void {
    const { pending, mark } = write;
    const { response } = pending;
    if (response === undefined) return;
    const code = codeOf(response);
    if (transient.has(code)) {
      pending.response = undefined;
      this.#session.hangUp();
      this.#session.over = true;
      return;
    }
    write.settled = true;
    const { ledger } = this.#world;
    const found = ledger.indexOf(mark);
    ledger.note(`${this.name} hears of ${mark}: ${code} ${response.index}`);
    this.#world.count(code === "" ? "write done" : "write refused");
    if (code === "QUOTA_EXCEEDED") this.#world.count("quota kept");
    if (code !== "") {
      if (found === undefined) return;
      return ledger.violate(`${mark} was refused with ${code} and done at ${found}`);
    }
    if (found === undefined || found > response.index) {
      const where = found === undefined ? "nowhere" : `at ${found}`;
      return ledger.violate(`${mark} was called done by ${response.index} and is ${where}`);
    }
    this.#knowledge.index = Math.max(this.#knowledge.index, found);
    this.#seen = Math.max(this.#seen, found);
    const { path, stat } = response.node ?? {};
    if (path !== undefined) this.#versions.set(path, stat?.version ?? 0);
  }

  #checkRead({ pending, path, floor, strict }: Asked): void {
    const { response } = pending;
    const code = codeOf(response);
    const { ledger } = this.#world;
    if (response === undefined || code !== "") return;
    const { index, node } = response;
    const value = Buffer.from(node?.data ?? []).toString();
    ledger.note(`${this.name} reads ${path} ${value} at ${index}`);
    this.#world.count(strict ? "strict read" : "other read");
    if (index < floor) {
      const kind = strict ? "strict" : "later";
      ledger.violate(`a ${kind} read shows ${path} as of ${index}, and ${floor} was known before`);
    }
    const was = ledger.valueAt(path, index);
    if (was !== value) {
      ledger.violate(`${path} at ${index} was ${was ?? "nothing"} and is read as ${value}`);
    }
    this.#seen = Math.max(this.#seen, index);
    if (strict) this.#knowledge.index = Math.max(this.#knowledge.index, index);
    this.#versions.set(path, node?.stat?.version ?? 0);
  }
}

/** "" for an answer that is no refusal. */
function codeOf(response: IResponse | undefined): string {
  return response?.error === undefined ? "" : errorCodeName(response.error.code);
}
