import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

import { until } from "../system/support/condition.ts";
import type { Scratch } from "../system/support/scratch.ts";
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
import { spawnBridge } from "./zookeeper-server.ts";

const control = "control";

/** Does scripts in ZooKeeper, through its own client for Java. */
export class ZookeeperSide implements Side {
  readonly name = "ZooKeeper";
  readonly #bridge: ChildProcess;
  /** Where the nodes of the script are. */
  readonly #base: string;
  /** Ephemerals by which is seen whether a session has expired. */
  readonly #marks: string;
  readonly #complaints: Promise<string>;
  readonly #told = new Map<string, Told[]>();
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  readonly #owners = new Map<string, string>();
  readonly #ended: Promise<never>;
  /** Operations of this class itself have numbers below 0. */
  #lastOwnId = 0;

  private constructor(bridge: ChildProcess, name: string) {
    this.#bridge = bridge;
    this.#base = `/${name}`;
    this.#marks = `/${name}-marks`;
    const { stdout, stderr } = bridge;
    if (stdout === null || stderr === null) throw new Error("the bridge has no output");
    // Its end is told below, with what it has to say of it.
    bridge.stdin?.on("error", () => undefined);
    createInterface({ input: stdout }).on("line", (line) => this.#onLine(line.split("\t")));
    this.#complaints = text(stderr);
    this.#ended = new Promise((_, reject) => {
      const end = async (): Promise<void> => {
        reject(new Error(`ZooKeeper's client has ended: ${await this.#complaints}`));
      };
      bridge.once("error", reject);
      bridge.once("close", () => void end());
    });
    this.#ended.catch(() => undefined);
  }

  /** Begins at a server that knows nothing yet of a run of that name. */
  static async connect(address: string, scratch: Scratch, name: string): Promise<ZookeeperSide> {
    const side = new ZookeeperSide(spawnBridge(address, scratch), name);
    await side.#ask(control, "open", "30000");
    for (const path of [side.#base, side.#marks]) {
      await side.#ask(control, "create", "PERSISTENT", encoded(path), "", "0");
    }
    return side;
  }

  get transcript(): Transcript {
    return { told: this.#told, written: new Set() };
  }

  async perform(step: Step): Promise<void> {
    const { session } = step;
    switch (step.kind) {
      case "open": {
        this.#told.set(session, []);
        const { path = "" } = await this.#ask(session, "open", String(step.timeoutMs));
        this.#owners.set(path, session);
        return;
      }
      case "close":
        await this.#ask(session, "close");
        return;
      case "abandon":
        return this.#abandon(session);
      case "gone":
        return this.#untilGone(encoded(this.#base + step.path));
      case "move":
        return; // It is a single server.
      case "burst":
        await Promise.all(
          step.operations.map((operation) =>
            this.#send(operation.id, session, fieldsOf(operation, this.#base)),
          ),
        );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bridge.stdin?.end();
    await this.#ended.catch(() => undefined);
  }

  async #abandon(session: string): Promise<void> {
    const mark = encoded(`${this.#marks}/${session}`);
    await this.#ask(session, "create", "EPHEMERAL", mark, "", "0");
    await this.#ask(session, "abandon");
    return this.#untilGone(mark);
  }

  async #untilGone(path: string): Promise<void> {
    await until(`${decoded(path)} is gone`, 60_000, async () => {
      const { code } = await this.#ask(control, "exists", path, "0");
      return code === "NO_NODE" ? true : undefined;
    });
  }

  #ask(session: string, ...fields: readonly string[]): Promise<Outcome> {
    this.#lastOwnId -= 1;
    return this.#send(this.#lastOwnId, session, fields);
  }

  #send(id: number, session: string, fields: readonly string[]): Promise<Outcome> {
    const answered = new Promise<Outcome>((resolve) => this.#waiting.set(id, resolve));
    this.#bridge.stdin?.write(`${[id, session, ...fields].join("\t")}\n`);
    return Promise.race([answered, this.#ended]);
  }

  #onLine([kind, session = "", idText = "", ...fields]: readonly string[]): void {
    const id = Number(idText);
    if (kind === "event") {
      const [type = "", path = ""] = fields;
      const told = this.#told.get(session);
      told?.push({
        kind: "event",
        watch: id,
        type: eventType(type),
        path: this.#relative(decoded(path)),
      });
      return;
    }
    const outcome = this.#outcome(fields);
    if (id > 0) this.#told.get(session)?.push({ kind: "answer", id, outcome });
    this.#waiting.get(id)?.(outcome);
    this.#waiting.delete(id);
  }

  #outcome([
    code = "",
    path = "-",
    stat = "-",
    data = "-",
    names = "-",
    parts = "-",
  ]: readonly string[]): Outcome {
    return {
      code: codeOf(code),
      ...(path === "-" ? {} : { path: this.#relative(decoded(path)) }),
      ...(stat === "-" ? {} : { stat: this.#stat(stat) }),
      ...(data === "-" ? {} : { data: Buffer.from(data, "base64").toString("latin1") }),
      ...(names === "-" ? {} : { names: split(names, ",").map(decoded).toSorted() }),
      ...(parts === "-" ? {} : { parts: split(parts, ";").map((part) => this.#part(part)) }),
    };
  }

  #part(part: string): PartOutcome {
    const [code = "", path = "-", stat = "-"] = part.split(":");
    return {
      code: codeOf(code),
      ...(path === "-" ? {} : { path: this.#relative(decoded(path)) }),
      ...(stat === "-" ? {} : { stat: this.#stat(stat) }),
    };
  }

  #relative(path: string): string {
    return path.startsWith(this.#base) ? path.slice(this.#base.length) || "/" : path;
  }

  #stat(fields: string): NodeStat {
    const [owner = ""] = fields.split(",").slice(8);
    const [czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion, , length, children] =
      fields.split(",").map(Number);
    return {
      czxid: czxid ?? NaN,
      mzxid: mzxid ?? NaN,
      pzxid: pzxid ?? NaN,
      ctimeMs: ctimeMs ?? NaN,
      mtimeMs: mtimeMs ?? NaN,
      version: version ?? NaN,
      cversion: cversion ?? NaN,
      aversion: aversion ?? NaN,
      owner: this.#owner(owner),
      dataLength: length ?? NaN,
      numChildren: children ?? NaN,
    };
  }

  #owner(owner: string): string {
    return owner === "0" ? "" : (this.#owners.get(owner) ?? `unknown session ${owner}`);
  }
}

function fieldsOf(operation: Operation, base: string): readonly string[] {
  switch (operation.kind) {
    case "multi":
      return ["multi", ...operation.parts.map((part) => partFields(part, base).join(","))];
    case "get":
    case "exists":
    case "children":
      return [operation.kind, absolute(operation.path, base), operation.watch ? "1" : "0"];
    case "sync":
      return ["sync", absolute(operation.path, base)];
    case "watch": {
      const mode = operation.isRecursive ? "PERSISTENT_RECURSIVE" : "PERSISTENT";
      return ["addWatch", absolute(operation.path, base), mode];
    }
    case "unwatch":
      return ["removeWatch", String(operation.watch)];
    case "create":
    case "set":
    case "delete":
      return partFields(operation, base);
  }
}

function partFields(part: Part, base: string): readonly string[] {
  const path = absolute(part.path, base);
  switch (part.kind) {
    case "create":
      return ["create", modes[part.mode], path, bytes(part.data), String(part.ttlMs)];
    case "set":
      return ["set", path, bytes(part.data), String(part.version)];
    case "delete":
    case "check":
      return [part.kind, path, String(part.version)];
  }
}

const modes: Readonly<Record<Mode, string>> = {
  persistent: "PERSISTENT",
  ephemeral: "EPHEMERAL",
  "persistent-sequential": "PERSISTENT_SEQUENTIAL",
  "ephemeral-sequential": "EPHEMERAL_SEQUENTIAL",
  container: "CONTAINER",
  ttl: "PERSISTENT_WITH_TTL",
  "ttl-sequential": "PERSISTENT_SEQUENTIAL_WITH_TTL",
};

/** ZooKeeper's codes in the platform's words, where there is one. */
const codes: Readonly<Record<string, string>> = {
  OK: "",
  NONODE: "NO_NODE",
  NODEEXISTS: "NODE_EXISTS",
  BADVERSION: "BAD_VERSION",
  NOTEMPTY: "NOT_EMPTY",
  NOCHILDRENFOREPHEMERALS: "NO_CHILDREN_FOR_EPHEMERALS",
  BADARGUMENTS: "BAD_ARGUMENTS",
  BADPATH: "BAD_PATH",
  SESSIONEXPIRED: "SESSION_EXPIRED",
};

function codeOf(code: string): string {
  return codes[code] ?? code;
}

function eventType(type: string): EventType {
  switch (type) {
    case "NodeCreated":
      return "created";
    case "NodeDataChanged":
      return "changed";
    case "NodeDeleted":
      return "deleted";
    case "NodeChildrenChanged":
      return "children";
    default:
      return "removed";
  }
}

function absolute(path: string, base: string): string {
  if (path === "/") return encoded(base);
  return encoded(path.startsWith("/") ? base + path : path);
}

function split(list: string, separator: string): readonly string[] {
  return list === "" ? [] : list.split(separator);
}

function encoded(plain: string): string {
  return Buffer.from(plain).toString("base64");
}

function bytes(data: string): string {
  return Buffer.from(data, "latin1").toString("base64");
}

function decoded(field: string): string {
  return Buffer.from(field, "base64").toString();
}
