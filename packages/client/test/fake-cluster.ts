import {
  CreateMode,
  ErrorCode,
  EventKind,
  type Encodable,
  type ICreate,
  type IError,
  type IMultiOperation,
  type IRequest,
  type IResponse,
  type IStat,
} from "@meridian/wire";

/** A node of a fake tree. */
export interface FakeNode {
  data: Uint8Array;
  stat: IStat;
}

/** What one write did. */
export interface FakeChange {
  readonly index: number;
  readonly kind: number;
  readonly path: string;
  readonly node: FakeNode | undefined;
}

/** A transaction, and what it did. */
export interface FakeTransaction {
  readonly origin: string;
  readonly incarnation: number;
  readonly index: number;
  readonly timeMs: number;
  readonly changes: readonly FakeChange[];
}

/** What one entry of the log did: one transaction of its own, or many of another cluster. */
export interface FakeStep {
  readonly index: number;
  readonly transactions: readonly FakeTransaction[];
}

interface FakeSession {
  readonly timeoutMs: number;
  readonly answers: Map<number, Encodable<IResponse>>;
  applied: number;
}

type Outcome = Encodable<IResponse>;

/**
 * State of one cluster, as if its Raft group worked: a tree, sessions, and what every write did.
 */
export class FakeCluster {
  readonly name: string;
  incarnation = 1;
  index = 10;
  leader = "";
  nodes = new Map<string, FakeNode>();
  readonly sessions = new Map<number, FakeSession>();
  readonly changes: FakeChange[] = [];
  /** What was taken over of other clusters. */
  readonly takenOver: FakeStep[] = [];
  /** History at or below this is no longer kept. */
  floor = 0;
  /** Writes that came after a later one of their session, which the real tree does not take. */
  overtaken = 0;
  /** Writes in the order in which they were applied: session, sequence and path. */
  readonly applied: string[] = [];
  readonly listeners = new Set<(changes: readonly FakeChange[]) => void>();
  /** Wall clock of the servers, as Stats tell it. */
  wallMs: () => number = () => 0;
  readonly #counters = new Map<string, number>();
  #batch: FakeChange[] = [];
  #isStuck = false;
  #stuck: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
    this.nodes.set("/", { data: new Uint8Array(0), stat: stat(1) });
  }

  /**
   * Nobody can commit: what was handed over waits, and is done later whoever still waits for it.
   */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  set isStuck(isStuck: boolean) {
    this.#isStuck = isStuck;
    if (isStuck) return;
    for (const write of this.#stuck.splice(0)) write();
  }

  /** Does a write now, or once it can be committed. */
  commit(write: () => void): void {
    if (this.#isStuck) this.#stuck.push(write);
    else write();
  }

  /** Puts a node in, with all its ancestors. */
  seed(path: string, text: string = ""): void {
    this.apply(0, 0, {
      create: { path, data: Buffer.from(text), mode: 1, ttlMs: 0, parents: true },
    });
  }

  /** Takes transactions of another cluster over, all in one entry of its own log. */
  takeOver(
    origin: string,
    transactions: readonly Pick<FakeTransaction, "index" | "changes">[],
  ): void {
    this.index += 1;
    const whole = transactions.map((each) => ({ origin, incarnation: 1, timeMs: 0, ...each }));
    this.takenOver.push({ index: this.index, transactions: whole });
    for (const { path, node } of whole.flatMap(({ changes }) => changes)) {
      if (node === undefined) this.nodes.delete(path);
      else this.nodes.set(path, node);
    }
    for (const listener of this.listeners) listener([]);
  }

  /** What is kept, in order. */
  history(): readonly FakeStep[] {
    const { name: origin, incarnation } = this;
    const own = new Map<number, FakeChange[]>();
    for (const change of this.changes) {
      own.set(change.index, [...(own.get(change.index) ?? []), change]);
    }
    const steps = [...own].map(([index, changes]) => {
      return { index, transactions: [{ origin, incarnation, index, timeMs: 0, changes }] };
    });
    return [...steps, ...this.takenOver]
      .filter(({ index }) => index > this.floor)
      .sort((a, b) => a.index - b.index);
  }

  open(session: number, timeoutMs: number): void {
    this.sessions.set(session, { timeoutMs, answers: new Map(), applied: 0 });
  }

  /** Ends a session: its ephemeral nodes go. */
  expire(session: number): void {
    if (!this.sessions.delete(session)) return;
    this.index += 1;
    for (const [path, node] of this.nodes) {
      if (node.stat.ephemeralOwner === session) this.#remove(path);
    }
    this.#publish();
  }

  /** Applies a write once per session and sequence. */
  apply(session: number, sequence: number, request: Encodable<IRequest>): Outcome {
    const known = this.sessions.get(session);
    if (session !== 0 && known === undefined) return refused("SESSION_EXPIRED");
    const answered = known?.answers.get(sequence);
    if (answered !== undefined) return answered;
    if (known !== undefined && sequence <= known.applied) {
      this.overtaken += 1;
      return refused("UNKNOWN");
    }
    if (known !== undefined) known.applied = sequence;
    this.index += 1;
    const index = this.index;
    const outcome = { ...this.#perform(session, request), index };
    this.applied.push(`${sequence} ${pathOf(request)}`);
    known?.answers.set(sequence, outcome);
    this.#publish();
    return outcome;
  }

  #publish(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) for (const listener of this.listeners) listener(batch);
  }

  #perform(session: number, request: Encodable<IRequest>): Outcome {
    const { create, set, delete: remove, multi } = request as IRequest;
    if (create !== undefined) return this.#create(session, create);
    if (multi !== undefined) return this.#multi(session, multi.operations);
    const { path, version } = set ?? remove ?? { path: "", version: -1 };
    const node = this.nodes.get(path);
    if (node === undefined) return refused("NO_NODE");
    if (version >= 0 && version !== node.stat.version) return refused("BAD_VERSION");
    if (set !== undefined) return this.#set(path, node, set.data);
    if (node.stat.numChildren > 0) return refused("NOT_EMPTY");
    this.#remove(path);
    return {};
  }

  #set(path: string, { stat: before }: FakeNode, data: Uint8Array): Outcome {
    const written = { mzxid: this.index, mtimeMs: this.wallMs(), dataLength: data.byteLength };
    const next = { ...before, ...written, version: before.version + 1 };
    this.#put(EventKind.CHANGED, path, { data, stat: next });
    return { node: { path, stat: next } };
  }

  #create(session: number, create: ICreate): Outcome {
    const parent = parentOf(create.path);
    if (!this.nodes.has(parent)) {
      if (!create.parents) return refused("NO_NODE");
      const above = { path: parent, data: new Uint8Array(0), mode: 1, ttlMs: 0, parents: true };
      this.#create(session, above);
    }
    const isSequential = create.mode === CreateMode.EPHEMERAL_SEQUENTIAL || create.mode === 3;
    let { path } = create;
    if (isSequential) {
      const count = this.#counters.get(parent) ?? 0;
      this.#counters.set(parent, count + 1);
      path += String(count).padStart(10, "0");
    }
    if (this.nodes.has(path)) return refused("NODE_EXISTS");
    const isEphemeral = create.mode === 2 || create.mode === CreateMode.EPHEMERAL_SEQUENTIAL;
    const timeMs = this.wallMs();
    const made = {
      ...stat(this.index),
      ctimeMs: timeMs,
      mtimeMs: timeMs,
      ephemeralOwner: isEphemeral ? session : 0,
      dataLength: create.data.byteLength,
    };
    this.#countChild(parent, 1);
    this.#put(EventKind.CREATED, path, { data: create.data, stat: made });
    return { node: { path, stat: made } };
  }

  #multi(session: number, operations: readonly IMultiOperation[]): Outcome {
    const before = new Map(this.nodes);
    const { length } = this.changes;
    const parts: { node?: { path: string; stat?: IStat }; code?: number }[] = [];
    for (const part of operations) {
      const outcome =
        part.check === undefined ? this.#perform(session, part) : this.#check(part.check);
      const code = outcome.error?.code ?? 0;
      parts.push(code === 0 && outcome.node !== undefined ? (outcome as object) : { code });
      if (code === 0) continue;
      this.nodes = before;
      this.changes.length = length;
      this.#batch = [];
      while (parts.length < operations.length) parts.push({ code: 0 });
      return { error: { code }, multi: { parts } };
    }
    return { multi: { parts } };
  }

  #check({ path, version }: { readonly path: string; readonly version: number }): Outcome {
    const node = this.nodes.get(path);
    if (node === undefined) return refused("NO_NODE");
    return version >= 0 && version !== node.stat.version ? refused("BAD_VERSION") : {};
  }

  #countChild(path: string, by: number): void {
    const node = this.nodes.get(path);
    if (node === undefined) return;
    const { numChildren, cversion } = node.stat;
    const counted = { numChildren: numChildren + by, cversion: cversion + 1, pzxid: this.index };
    this.nodes.set(path, { data: node.data, stat: { ...node.stat, ...counted } });
  }

  #put(kind: number, path: string, node: FakeNode): void {
    this.nodes.set(path, node);
    this.#note({ index: this.index, kind, path, node });
  }

  #remove(path: string): void {
    this.nodes.delete(path);
    this.#countChild(parentOf(path), -1);
    this.#note({ index: this.index, kind: EventKind.DELETED, path, node: undefined });
  }

  #note(change: FakeChange): void {
    this.changes.push(change);
    this.#batch.push(change);
  }
}

/** A refusal as a response carries it. */
export function refused(
  code: keyof typeof ErrorCode,
  rest: Encodable<IError> = {},
): { error: Encodable<IError> } {
  return { error: { code: ErrorCode[code], message: code.toLowerCase(), ...rest } };
}

/** Path that a request is about. */
export function pathOf(request: Encodable<IRequest>): string {
  const { create, set, delete: remove, get, exists, children, sync, watch, multi } = request;
  const plain = create ?? set ?? remove ?? get ?? exists ?? children ?? sync ?? watch;
  if (plain !== undefined) return plain.path ?? "";
  return multi === undefined ? "" : "multi";
}

/** Path above. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

function stat(index: number): IStat {
  return {
    czxid: index,
    mzxid: index,
    pzxid: index,
    ctimeMs: 0,
    mtimeMs: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0,
    dataLength: 0,
    numChildren: 0,
    origin: "",
    vector: [],
  };
}
