import { connect, type Socket } from "node:net";

const lengthBytes = 4;
const headerBytes = 16;
const passwordBytes = 16;
const timeoutMs = 30_000;
const pingMs = 10_000;

/** Numbers of the protocol: `ZooDefs.OpCode`, and `xid` of what answers no request. */
const codes = { setData: 5, ping: 11, addWatch: 106 } as const;
const eventXid = -1;
const pingXid = -2;
/** A watch that stays, of the node alone: `AddWatchMode.PERSISTENT`. */
const persistent = 0;
const anyVersion = -1;

/**
 * A session of ZooKeeper as bytes on a connection: its own client has two threads for each, which
 * ten thousand of them would not fit into. Knows as much of the protocol as watching takes.
 */
export class ZookeeperSession {
  readonly #socket: Socket;
  readonly #onEvent: () => void;
  readonly #onAnswer = new Map<number, (code: number) => void>();
  readonly #pinging: NodeJS.Timeout;
  #rest: Buffer = Buffer.alloc(0);
  #onOpen: (() => void) | undefined;
  #xid = 0;

  private constructor(socket: Socket, onEvent: () => void, onOpen: () => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    this.#onOpen = onOpen;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    this.#pinging = setInterval(() => this.#send(request(pingXid, codes.ping)), pingMs);
    socket.once("close", () => clearInterval(this.#pinging));
    this.#send(helloMessage());
  }

  /** Opens a session at host:port. `onEvent` is told of each event, `onLost` when it ends. */
  static open(address: string, onEvent: () => void, onLost: () => void): Promise<ZookeeperSession> {
    const [host = "", port] = address.split(":");
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      socket.once("error", reject);
      socket.once("connect", () => {
        const session = new ZookeeperSession(socket, onEvent, () => resolve(session));
        socket.once("close", onLost);
      });
    });
  }

  /** Watches the data of a node until the session ends. Rejects when that is refused. */
  watch(path: string): Promise<void> {
    return this.#ask(codes.addWatch, bufferOf(path), int32(persistent));
  }

  /** Replaces the data of a node. Rejects when that is refused. */
  setData(path: string, data: Buffer): Promise<void> {
    return this.#ask(codes.setData, bufferOf(path), bufferOf(data), int32(anyVersion));
  }

  #ask(code: number, ...fields: readonly Buffer[]): Promise<void> {
    this.#xid += 1;
    const xid = this.#xid;
    return new Promise((resolve, reject) => {
      this.#onAnswer.set(xid, (error) => {
        if (error === 0) resolve();
        else reject(new Error(`ZooKeeper refuses request ${code} with ${error}`));
      });
      this.#send(request(xid, code, ...fields));
    });
  }

  #send(message: Buffer): void {
    this.#socket.write(message);
  }

  #onData(bytes: Buffer): void {
    let left = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (left.length >= lengthBytes) {
      const end = lengthBytes + left.readInt32BE(0);
      if (left.length < end) break;
      this.#onMessage(left.subarray(lengthBytes, end));
      left = left.subarray(end);
    }
    this.#rest = left;
  }

  #onMessage(message: Buffer): void {
    if (this.#onOpen !== undefined) {
      // The first one grants the session.
      this.#onOpen();
      this.#onOpen = undefined;
      return;
    }
    const xid = message.readInt32BE(0);
    if (xid === eventXid) this.#onEvent();
    const answered = this.#onAnswer.get(xid);
    this.#onAnswer.delete(xid);
    answered?.(message.readInt32BE(headerBytes - lengthBytes));
  }
}

/** `ConnectRequest`: a new session that has seen nothing. */
function helloMessage(): Buffer {
  const nothing = Buffer.alloc(8);
  const isReadOnly = Buffer.alloc(1);
  const password = bufferOf(Buffer.alloc(passwordBytes));
  return framed([int32(0), nothing, int32(timeoutMs), nothing, password, isReadOnly]);
}

function request(xid: number, code: number, ...fields: readonly Buffer[]): Buffer {
  return framed([int32(xid), int32(code), ...fields]);
}

function framed(fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  return Buffer.concat([int32(body.length), body]);
}

/** A string or buffer of the protocol: its length, then its bytes. */
function bufferOf(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int32(bytes.length), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
