import type { CreateMode, NodeOperation, Operation, Stat } from "../../src/index.ts";

interface TwinNode {
  data: string;
  mode: CreateMode;
  owner: number;
  made: number;
  stat: Omit<Stat, "dataLength" | "numChildren" | "ephemeralOwner" | "aversion">;
}

/** What a command should have given: a code, or the path and version of each part. */
export type TwinAnswer = string | readonly string[];

/**
 * ZooKeeper's rules in the plainest form, with nothing made fast: every command works on a copy of
 * everything, so that what fails cannot leave a trace.
 */
export class Twin {
  nodes = new Map<string, TwinNode>();
  sessions = new Map<number, Map<number, TwinAnswer>>();
  index = 0;

  constructor(root: string) {
    this.nodes.set(root, this.#node("", "persistent", 0, 0, 0));
  }

  apply(
    index: number,
    timeMs: number,
    operation: Operation,
    session: number,
    sequence: number,
  ): TwinAnswer {
    this.index = index;
    const answers = this.sessions.get(session);
    if (session !== 0 && answers === undefined) return "SESSION_EXPIRED";
    if (answers !== undefined && sequence !== 0) {
      const known = answers.get(sequence);
      if (known !== undefined) return known;
      if (Math.max(0, ...answers.keys()) > sequence) return "UNKNOWN";
    }
    const before = structuredClone(this.nodes);
    const answer = this.#perform(operation, session, timeMs);
    if (typeof answer === "string" && answer !== "") this.nodes = before;
    if (sequence !== 0) answers?.set(sequence, answer);
    return answer;
  }

  stat(path: string): Stat | undefined {
    const node = this.nodes.get(path);
    if (node === undefined) return undefined;
    return {
      ...node.stat,
      aversion: 0,
      ephemeralOwner: node.owner,
      dataLength: node.data.length,
      numChildren: this.children(path).length,
    };
  }

  children(path: string): string[] {
    const below = [...this.nodes.keys()].filter((at) => at.startsWith(`${path}/`));
    return below
      .map((at) => at.slice(path.length + 1))
      .filter((name) => !name.includes("/"))
      .toSorted((a, b) => (a < b ? -1 : 1));
  }

  #perform(operation: Operation, session: number, timeMs: number): TwinAnswer {
    switch (operation.kind) {
      case "open-session":
        if (!this.sessions.has(operation.session)) this.sessions.set(operation.session, new Map());
        return [];
      case "close-session":
        for (const [path, { owner }] of this.nodes) {
          if (owner === operation.session && owner !== 0) this.#delete(path);
        }
        this.sessions.delete(operation.session);
        return [];
      case "multi": {
        const parts: string[] = [];
        for (const part of operation.operations) {
          const answer = this.#write(part, session, timeMs);
          if (typeof answer === "string") return answer;
          parts.push(...answer);
        }
        return parts;
      }
      case "create":
      case "set":
        return this.#write(operation, session, timeMs);
      case "delete": {
        const answer = this.#write(operation, session, timeMs);
        return typeof answer === "string" ? answer : [];
      }
      case "attach-session":
      case "expire-sessions":
      case "reap":
      case "bootstrap":
      case "apply-remote":
      case "seed-remote":
        throw new Error(`${operation.kind} is beyond the twin`);
    }
  }

  #write(operation: NodeOperation, session: number, timeMs: number): TwinAnswer {
    if (operation.kind === "create") return this.#create(operation, session, timeMs);
    const { path, version } = operation;
    const node = this.nodes.get(path);
    if (node === undefined) return "NO_NODE";
    if (version !== -1 && version !== node.stat.version) return "BAD_VERSION";
    if (operation.kind === "check") return [`${path} ${node.stat.version}`];
    if (operation.kind === "delete") {
      if (this.children(path).length > 0) return "NOT_EMPTY";
      this.#delete(path);
      return [`${path} -`];
    }
    node.data = new TextDecoder().decode(operation.data);
    const { stat } = node;
    node.stat = { ...stat, version: stat.version + 1, mzxid: this.index, mtimeMs: timeMs };
    return [`${path} ${node.stat.version}`];
  }

  #create(
    operation: Extract<NodeOperation, { kind: "create" }>,
    session: number,
    timeMs: number,
  ): TwinAnswer {
    const { mode, data, parents } = operation;
    if (mode.startsWith("ephemeral") && session === 0) return "BAD_ARGUMENTS";
    const above = operation.path.slice(0, operation.path.lastIndexOf("/"));
    if (!this.nodes.has(above)) {
      if (!parents) return "NO_NODE";
      const kept = { kind: "create", data: new Uint8Array(0), ttlMs: 0, parents } as const;
      const made = this.#create({ ...kept, path: above, mode: "persistent" }, 0, timeMs);
      if (typeof made === "string") return made;
    }
    const parent = this.nodes.get(above)!;
    const digits = String(parent.made).padStart(10, "0");
    const path = operation.path + (mode.endsWith("sequential") ? digits : "");
    if (this.nodes.has(path)) return "NODE_EXISTS";
    if (parent.owner !== 0) return "NO_CHILDREN_FOR_EPHEMERALS";
    const owner = mode.startsWith("ephemeral") ? session : 0;
    const node = this.#node(new TextDecoder().decode(data), mode, owner, this.index, timeMs);
    this.nodes.set(path, node);
    this.#countChild(parent);
    parent.made += 1;
    return [`${path} 0`];
  }

  #delete(path: string): void {
    this.nodes.delete(path);
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf("/")));
    if (parent !== undefined) this.#countChild(parent);
  }

  #countChild(node: TwinNode): void {
    node.stat = { ...node.stat, cversion: node.stat.cversion + 1, pzxid: this.index };
  }

  #node(data: string, mode: CreateMode, owner: number, zxid: number, timeMs: number): TwinNode {
    const times = { ctimeMs: timeMs, mtimeMs: timeMs };
    const indexes = { czxid: zxid, mzxid: zxid, pzxid: zxid };
    const stat = { ...indexes, ...times, version: 0, cversion: 0 };
    return { data, mode, owner, made: 0, stat };
  }
}
