import type { Channel } from "@meridian/transport";
import {
  Consistency,
  CreateMode,
  type Encodable,
  EventKind,
  type IMultiOperation,
  type IMultiPart,
  type IPosition,
  type IRequest,
  type IResponse,
  type IStat,
  WatchKind,
  errorCodeName,
} from "@meridian/wire";

import { MeridianSession } from "./meridian-session.ts";
import type { Mode, Operation, Part, Step } from "./operation.ts";
import type {
  EventType,
  NodeStat,
  Outcome,
  PartOutcome,
  Side,
  Told,
  Transcript,
} from "./outcome.ts";

/** Where a regional cluster can be reached. */
export interface Reachable {
  readonly region: string;
  readonly nodes: readonly string[];
  /** The name of who connects is a part of the network, where that is emulated. */
  channel(client: string, node: string): Channel;
  /** Lets what a promise waits for happen, where time is emulated. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Some time passes. */
  pause(): Promise<void>;
  /** Chance, for who goes where. */
  random(): number;
}

/** Does scripts in a regional cluster, by sessions at its nodes on the bare protocol. */
export class MeridianSide implements Side {
  readonly name = "Meridian";
  readonly #cluster: Reachable;
  readonly #base: string;
  readonly #marks: string;
  readonly #sessions = new Map<string, MeridianSession>();
  readonly #owners = new Map<number, string>();
  readonly #told = new Map<string, Told[]>();
  readonly #written = new Set<number>();
  readonly #control: MeridianSession;
  /** Every session has seen what the ones before it have: as if one process had them all. */
  #token: readonly Encodable<IPosition>[] = [];

  private constructor(cluster: Reachable, name: string) {
    this.#cluster = cluster;
    this.#base = `/regions/${cluster.region}/${name}`;
    this.#marks = `/regions/${cluster.region}/${name}-marks`;
    this.#control = this.#session(60_000, () => undefined);
  }

  /** Begins in a cluster that knows nothing yet of a run of that name. */
  static async connect(cluster: Reachable, name: string): Promise<MeridianSide> {
    const side = new MeridianSide(cluster, name);
    await cluster.settled(side.#begin());
    return side;
  }

  get transcript(): Transcript {
    return { told: this.#told, written: this.#written };
  }

  perform(step: Step): Promise<void> {
    return this.#cluster.settled(this.#perform(step));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) session.hangUp();
    this.#control.hangUp();
    await Promise.resolve();
  }

  async #begin(): Promise<void> {
    await this.#control.attach(this.#somewhere("control"));
    for (const path of [this.#base, this.#marks]) {
      const { error } = await this.#control.ask({ create: { path } });
      if (error !== undefined) throw new Error(error.message);
    }
  }

  async #perform(step: Step): Promise<void> {
    if (step.kind === "open") return this.#opened(step.session, step.timeoutMs);
    const session = this.#sessions.get(step.session);
    if (session === undefined) throw new Error(`${step.session} is not open`);
    switch (step.kind) {
      case "close":
        this.#sessions.delete(step.session);
        return session.close();
      case "abandon":
        this.#sessions.delete(step.session);
        return this.#abandon(session);
      case "gone":
        return this.#untilGone(this.#absolute(step.path));
      case "move":
        return session.attach(this.#somewhere(step.session));
      case "burst":
        return this.#burst(session, step);
    }
  }

  async #opened(name: string, timeoutMs: number): Promise<void> {
    const told: Told[] = [];
    const session = this.#session(timeoutMs, (watch, { events }) => {
      for (const { kind, path, position } of events) {
        const type = eventTypes.get(kind);
        if (type === undefined) throw new Error(`what is event ${kind}?`);
        const transaction = position?.index ?? 0;
        told.push({ kind: "event", watch, type, path: this.#relative(path), transaction });
      }
    });
    this.#told.set(name, told);
    this.#owners.set(session.id, name);
    this.#sessions.set(name, session);
    await session.attach(this.#somewhere(name));
  }

  async #abandon(session: MeridianSession): Promise<void> {
    const path = `${this.#marks}/${session.id}`;
    await session.ask({ create: { path, mode: CreateMode.EPHEMERAL } });
    session.hangUp();
    return this.#untilGone(path);
  }

  async #untilGone(path: string): Promise<void> {
    for (;;) {
      const request = { exists: { path }, consistency: Consistency.STRICT };
      const { exists, error } = await this.#control.ask(request);
      if (error !== undefined) throw new Error(error.message);
      if (exists?.stat === undefined) return;
      await this.#cluster.pause();
    }
  }

  async #burst(session: MeridianSession, { session: name, operations }: Burst): Promise<void> {
    const answers = operations.map(async (operation) => {
      const { id } = operation;
      const note = (outcome: Outcome): void => {
        this.#told.get(name)?.push({ kind: "answer", id, outcome });
      };
      if (operation.kind !== "unwatch") return this.#do(session, operation, note);
      // The end of a watch does not wait for what it has still to tell; ZooKeeper's has told it.
      await session.ask({ sync: { path: this.#base } });
      await session.unwatch(operation.watch);
      note({ code: "" });
    });
    await Promise.all(answers);
  }

  async #do(
    session: MeridianSession,
    operation: Exclude<Operation, { kind: "unwatch" }>,
    note: (outcome: Outcome) => void,
  ): Promise<void> {
    const onAnswer = (response: IResponse): void => note(this.#outcome(operation, response));
    const watch = this.#watchOf(operation);
    const tag = operation.id;
    if (operation.kind === "watch") {
      await Promise.all(session.send([{ request: { ...watch }, tag, onAnswer }]));
      return;
    }
    const read = { request: requestOf(operation, (path) => this.#absolute(path)), onAnswer };
    const first = watch === undefined ? [] : [{ request: watch, tag }];
    const answers = await Promise.all(session.send([...first, read]));
    // ZooKeeper leaves no watch where there is nothing to read.
    const isVain = answers.at(-1)?.error !== undefined;
    if (watch !== undefined && isVain) await session.unwatch(tag);
  }

  #watchOf(operation: Operation): Encodable<IRequest> | undefined {
    const kind = watchKindOf(operation);
    if (kind === undefined || !("path" in operation)) return undefined;
    return { watch: { path: this.#absolute(operation.path), kind }, after: this.#token };
  }

  #outcome(operation: Operation, response: IResponse): Outcome {
    const { index, error, multi } = response;
    this.#observe(index);
    const made = error === undefined && operation.kind === "multi" ? operation.parts : [];
    const parts = multi?.parts.map((part, place) => this.#part(part, made[place]));
    const told = parts === undefined ? {} : { parts };
    if (error !== undefined) return { code: errorCodeName(error.code), ...told };
    if (isWrite(operation)) this.#written.add(index);
    return { ...this.#result(operation, response), ...told };
  }

  #result({ kind }: Operation, { node, exists, children }: IResponse): Outcome {
    const found = node?.stat ?? exists?.stat ?? children?.stat;
    const stat = found === undefined ? {} : { stat: this.#stat(found) };
    switch (kind) {
      case "exists":
        return { code: found === undefined ? "NO_NODE" : "", ...stat };
      case "create":
        return { code: "", ...stat, path: this.#relative(node?.path ?? "") };
      case "get":
        return { code: "", ...stat, data: Buffer.from(node?.data ?? []).toString("latin1") };
      case "children": {
        const names = (children?.children ?? []).map(({ path }) => path);
        return { code: "", ...stat, names: names.toSorted() };
      }
      case "set":
      case "delete":
      case "multi":
      case "sync":
      case "watch":
      case "unwatch":
        return { code: "", ...stat };
    }
  }

  #observe(index: number): void {
    const most = Math.max(index, this.#token[0]?.index ?? 0);
    this.#token = [{ cluster: this.#cluster.region, incarnation: 1, index: most }];
  }

  /** The path of a part is news where it was made. */
  #part({ node, code }: IMultiPart, done: Part | undefined): PartOutcome {
    return {
      code: code === 0 ? "" : errorCodeName(code),
      ...(done?.kind === "create" ? { path: this.#relative(node?.path ?? "") } : {}),
      ...(node?.stat === undefined ? {} : { stat: this.#stat(node.stat) }),
    };
  }

  #stat(stat: IStat): NodeStat {
    const { ephemeralOwner } = stat;
    const owner = this.#owners.get(ephemeralOwner) ?? `unknown session ${ephemeralOwner}`;
    return {
      czxid: stat.czxid,
      mzxid: stat.mzxid,
      pzxid: stat.pzxid,
      ctimeMs: stat.ctimeMs,
      mtimeMs: stat.mtimeMs,
      version: stat.version,
      cversion: stat.cversion,
      aversion: stat.aversion,
      owner: ephemeralOwner === 0 ? "" : owner,
      dataLength: stat.dataLength,
      numChildren: stat.numChildren,
    };
  }

  #session(timeoutMs: number, onEvents: OnEvents): MeridianSession {
    const id = 1 + Math.floor(this.#cluster.random() * 2 ** 48);
    return new MeridianSession(id, timeoutMs, onEvents);
  }

  #somewhere(client: string): Channel {
    const { nodes } = this.#cluster;
    const node = nodes[Math.floor(this.#cluster.random() * nodes.length)];
    if (node === undefined) throw new Error("the cluster has no nodes");
    return this.#cluster.channel(client, node);
  }

  #absolute(path: string): string {
    if (path === "/") return this.#base;
    return path.startsWith("/") ? this.#base + path : path;
  }

  #relative(path: string): string {
    return path.startsWith(this.#base) ? path.slice(this.#base.length) || "/" : path;
  }
}

type OnEvents = ConstructorParameters<typeof MeridianSession>[2];
type Burst = Extract<Step, { kind: "burst" }>;

const eventTypes: ReadonlyMap<number, EventType> = new Map([
  [EventKind.CREATED, "created"],
  [EventKind.CHANGED, "changed"],
  [EventKind.DELETED, "deleted"],
  [EventKind.CHILDREN, "children"],
]);

function watchKindOf(operation: Operation): WatchKind | undefined {
  switch (operation.kind) {
    case "get":
      return operation.watch ? WatchKind.DATA : undefined;
    case "exists":
      return operation.watch ? WatchKind.EXISTS : undefined;
    case "children":
      return operation.watch ? WatchKind.CHILD : undefined;
    case "watch":
      return operation.isRecursive ? WatchKind.PERSISTENT_RECURSIVE : WatchKind.PERSISTENT;
    case "create":
    case "set":
    case "delete":
    case "multi":
    case "sync":
    case "unwatch":
      return undefined;
  }
}

function requestOf(
  operation: Exclude<Operation, { kind: "unwatch" | "watch" }>,
  absolute: (path: string) => string,
): Encodable<IRequest> {
  switch (operation.kind) {
    case "multi":
      return { multi: { operations: operation.parts.map((part) => bodyOf(part, absolute)) } };
    case "sync":
      return { sync: { path: absolute(operation.path) } };
    case "get":
    case "exists":
    case "children": {
      const body = { path: absolute(operation.path) };
      return { [operation.kind]: body, consistency: Consistency.STRICT };
    }
    case "create":
    case "set":
    case "delete":
      return bodyOf(operation, absolute);
  }
}

function bodyOf(part: Part, absolute: (path: string) => string): Encodable<IMultiOperation> {
  const path = absolute(part.path);
  switch (part.kind) {
    case "create": {
      const { mode, ttlMs } = part;
      return { create: { path, data: Buffer.from(part.data, "latin1"), mode: modes[mode], ttlMs } };
    }
    case "set":
      return { set: { path, data: Buffer.from(part.data, "latin1"), version: part.version } };
    case "delete":
    case "check":
      return { [part.kind]: { path, version: part.version } };
  }
}

const modes: Readonly<Record<Mode, CreateMode>> = {
  persistent: CreateMode.PERSISTENT,
  ephemeral: CreateMode.EPHEMERAL,
  "persistent-sequential": CreateMode.PERSISTENT_SEQUENTIAL,
  "ephemeral-sequential": CreateMode.EPHEMERAL_SEQUENTIAL,
  container: CreateMode.CONTAINER,
  ttl: CreateMode.TTL,
  "ttl-sequential": CreateMode.TTL_SEQUENTIAL,
};

function isWrite({ kind }: Operation): boolean {
  return kind === "create" || kind === "set" || kind === "delete" || kind === "multi";
}
