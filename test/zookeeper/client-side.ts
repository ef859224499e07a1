import {
  type Existence,
  type Meridian,
  type MultiOperation,
  MeridianError,
  MultiError,
  type NodeValue,
  type SessionEvent,
  type Stat,
  type Watch,
  type WatchKindName,
  type Written,
} from "@meridian/client";

import type { Operation, Part, Step } from "./operation.ts";
import type { NodeStat, Outcome, PartOutcome, Side, Told, Transcript } from "./outcome.ts";

/** Where clients of a regional cluster come from. */
export interface Connectable {
  readonly region: string;
  /** Connects a client; `onSession` is told of its sessions. */
  connect(name: string, onSession: (event: SessionEvent) => void): Promise<Meridian>;
  /** Lets what a promise waits for happen, where time is emulated. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Ends a member without warning, or starts the one that has been. */
  disturb(): Promise<void>;
  /** So much time passes that whatever is under way arrives. */
  calm(): Promise<void>;
}

/** A session of a script: a client with its watches. */
interface Party {
  readonly client: Meridian;
  readonly told: Told[];
  readonly watches: Map<number, Watch>;
}

/**
 * Does scripts in a regional cluster through the client that applications use. It takes watches and
 * operations over different connections, so that the order of events and answers says nothing.
 */
export class ClientSide implements Side {
  readonly name = "Meridian's client";
  readonly #cluster: Connectable;
  readonly #base: string;
  readonly #parties = new Map<string, Party>();
  readonly #told = new Map<string, Told[]>();
  /** Names of sessions by their ids. */
  readonly #owners = new Map<number, string>();
  readonly #written = new Set<number>();

  private constructor(cluster: Connectable, name: string) {
    this.#cluster = cluster;
    this.#base = `/regions/${cluster.region}/${name}`;
  }

  /** Begins in a cluster that knows nothing yet of a run of that name. */
  static async connect(cluster: Connectable, name: string): Promise<ClientSide> {
    const side = new ClientSide(cluster, name);
    await cluster.settled(side.#begin());
    return side;
  }

  get transcript(): Transcript {
    return { told: this.#told, written: this.#written };
  }

  perform(step: Step): Promise<void> {
    // Sessions move of their own accord when their node goes. Nobody should be able to tell.
    if (step.kind === "move") return this.#cluster.disturb();
    return this.#cluster.settled(this.#perform(step));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const clients = [...this.#parties.values()].map(({ client }) => client.close());
    await this.#cluster.settled(Promise.all(clients));
  }

  async #begin(): Promise<void> {
    const client = await this.#cluster.connect("control", () => undefined);
    await client.create(this.#base);
    await client.close();
  }

  async #perform(step: Step): Promise<void> {
    const { session } = step;
    if (step.kind === "open") return this.#open(session);
    const party = this.#parties.get(session);
    if (party === undefined) throw new Error(`${session} is not open`);
    switch (step.kind) {
      case "close":
        this.#parties.delete(session);
        await this.#cluster.calm();
        return party.client.close();
      case "burst":
        return this.#burst(party, step.operations);
      case "gone":
      case "move":
      case "abandon":
        throw new Error(`the client does not ${step.kind}`);
    }
  }

  async #open(name: string): Promise<void> {
    const told: Told[] = [];
    this.#told.set(name, told);
    const client = await this.#cluster.connect(name, ({ sessionId }) => {
      this.#owners.set(sessionId, name);
    });
    this.#parties.set(name, { client, told, watches: new Map() });
  }

  /** Writes go out together, and then the reads: a watch begins behind the writes before it. */
  async #burst(party: Party, operations: readonly Operation[]): Promise<void> {
    // As one application would have all these clients, each has seen what the others have.
    for (const { client } of this.#parties.values()) party.client.observe(client.token);
    const isRead = ({ kind }: Operation): boolean => reads.has(kind);
    for (const wanted of [false, true]) {
      const group = operations.filter((operation) => isRead(operation) === wanted);
      await Promise.all(group.map((operation) => this.#do(party, operation)));
    }
  }

  async #do(party: Party, operation: Operation): Promise<void> {
    const { id } = operation;
    const watch = await this.#watch(party, operation);
    const outcome = await this.#outcome(party, operation).catch((error: unknown) => refused(error));
    party.told.push({ kind: "answer", id, outcome });
    if (watch === undefined) return;
    const isVain = outcome.code !== "" && operation.kind !== "exists";
    if (isVain) watch.close();
    else party.watches.set(id, watch);
  }

  async #watch(party: Party, operation: Operation): Promise<Watch | undefined> {
    const kind = watchKindOf(operation);
    if (kind === undefined || !("path" in operation)) return undefined;
    const watch = party.client.watch(this.#absolute(operation.path), { kind });
    await watch.ready;
    void this.#listen(party, operation.id, watch);
    return watch;
  }

  async #listen(party: Party, id: number, watch: Watch): Promise<void> {
    for await (const { kind: type, path, position } of watch) {
      const transaction = position?.index ?? 0;
      party.told.push({ kind: "event", watch: id, type, path: this.#relative(path), transaction });
    }
  }

  async #outcome({ client, watches }: Party, operation: Operation): Promise<Outcome> {
    const path = "path" in operation ? this.#absolute(operation.path) : "";
    switch (operation.kind) {
      case "create": {
        const { mode, ttlMs, data } = operation;
        const traits = { mode, ...(ttlMs === 0 ? {} : { ttlMs }) };
        const made = this.#wrote(await client.create(path, bytes(data), traits));
        return { code: "", path: this.#relative(made.path), stat: this.#stat(made.stat) };
      }
      case "set": {
        const { stat } = this.#wrote(await client.set(path, bytes(operation.data), operation));
        return { code: "", stat: this.#stat(stat) };
      }
      case "delete":
        this.#wrote(await client.delete(path, operation));
        return { code: "" };
      case "multi":
        return this.#multi(client, operation.parts);
      case "get":
        return this.#value(await client.get(path));
      case "exists":
        return this.#existence(await client.exists(path));
      case "children": {
        const { names, stat } = await client.children(path);
        return { code: "", names: names.toSorted(), stat: this.#stat(stat) };
      }
      case "sync":
        await client.sync(path);
        return { code: "" };
      case "unwatch":
        await this.#cluster.calm();
        watches.get(operation.watch)?.close();
        return { code: "" };
      case "watch":
        return { code: "" };
    }
  }

  async #multi(client: Meridian, parts: readonly Part[]): Promise<Outcome> {
    const operations = parts.map((part): MultiOperation => {
      const path = this.#absolute(part.path);
      if (part.kind === "set") return { ...part, path, data: bytes(part.data) };
      if (part.kind !== "create") return { ...part, path };
      const { kind, mode, ttlMs } = part;
      const data = bytes(part.data);
      return { kind, path, mode, data, ...(ttlMs === 0 ? {} : { ttlMs }) };
    });
    const done = this.#wrote(await client.multi(operations));
    return {
      code: "",
      parts: done.parts.map(({ path, stat }, place): PartOutcome => {
        return {
          code: "",
          ...(parts[place]?.kind === "create" ? { path: this.#relative(path) } : {}),
          ...(stat === undefined ? {} : { stat: this.#stat(stat) }),
        };
      }),
    };
  }

  #value({ stat, data }: NodeValue): Outcome {
    return { code: "", stat: this.#stat(stat), data: Buffer.from(data).toString("latin1") };
  }

  #existence({ stat }: Existence): Outcome {
    return stat === undefined ? { code: "NO_NODE" } : { code: "", stat: this.#stat(stat) };
  }

  #wrote<T extends Pick<Written, "receipt">>(done: T): T {
    this.#written.add(done.receipt.position.index);
    return done;
  }

  #stat({ ephemeralOwner, ...stat }: Stat): NodeStat {
    const owner = this.#owners.get(ephemeralOwner) ?? `unknown session ${ephemeralOwner}`;
    return { ...stat, owner: ephemeralOwner === 0 ? "" : owner };
  }

  #absolute(path: string): string {
    if (path === "/") return this.#base;
    return path.startsWith("/") ? this.#base + path : path;
  }

  #relative(path: string): string {
    return path.startsWith(this.#base) ? path.slice(this.#base.length) || "/" : path;
  }
}

const reads: ReadonlySet<Operation["kind"]> = new Set(["get", "exists", "children", "watch"]);

function watchKindOf(operation: Operation): WatchKindName | undefined {
  switch (operation.kind) {
    case "get":
      return operation.watch ? "data" : undefined;
    case "exists":
      return operation.watch ? "exists" : undefined;
    case "children":
      return operation.watch ? "child" : undefined;
    case "watch":
      return operation.isRecursive ? "persistent-recursive" : "persistent";
    case "create":
    case "set":
    case "delete":
    case "multi":
    case "sync":
    case "unwatch":
      return undefined;
  }
}

function bytes(data: string): Uint8Array {
  return Buffer.from(data, "latin1");
}

function refused(error: unknown): Outcome {
  if (!(error instanceof MeridianError)) throw error;
  const { code } = error;
  if (!(error instanceof MultiError)) return { code };
  return { code, parts: error.parts.map((part) => ({ code: part })) };
}
