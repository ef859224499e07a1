import { Buffer } from "node:buffer";
import {
  ClientFrame,
  CoordinationService,
  type Encodable,
  errorCodeName,
  type IPosition,
  type IRequest,
  type IServerFrame,
  ServerFrame,
  WatchKind,
} from "@meridian/wire";
import { GrpcConnection, type GrpcStream } from "./grpc-connection.ts";

const retryMs = 200;

/**
 * A watch on a connection of its own that reads when it is told to. It knows which values it has
 * seen, and goes on from its position whenever its watch or stream ends.
 */
export class RawWatcher {
  /** Values in the order in which they came. */
  last = 0;
  count = 0;
  /** Values that were not the one after the last. */
  gaps = 0;
  /** Codes of what ended the watch. */
  readonly ends: string[] = [];
  /** Streams that ended. */
  lost = 0;
  readonly #address: string;
  readonly #path: string;
  #reached: readonly IPosition[] = [];
  #connection: GrpcConnection | undefined;
  #stream: GrpcStream | undefined;
  #isReading = true;
  #isClosed = false;

  constructor(address: string, path: string) {
    this.#address = address;
    this.#path = path;
    this.#connect();
  }

  /** Takes nothing from the network, from now on or any more. */
  set isReading(isReading: boolean) {
    this.#isReading = isReading;
    if (isReading) this.#stream?.resume();
    else this.#stream?.pause();
  }

  /** Its watch runs: it was told where it stands. */
  get isRunning(): boolean {
    return this.#reached.length > 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  #connect(): void {
    if (this.#isClosed) return;
    this.#connection?.close();
    const connection = new GrpcConnection(this.#address);
    this.#connection = connection;
    this.#stream = connection.open(CoordinationService.session.path, {
      onMessage: (bytes) => this.#onFrame(ServerFrame.decode(bytes)),
      onEnd: () => {
        this.lost += 1;
        setTimeout(() => this.#connect(), retryMs);
      },
    });
    const hello = { sessionId: 0, secret: new Uint8Array(0), region: "local" };
    this.#stream.send(ClientFrame.encode({ hello }));
    this.#watch();
    if (!this.#isReading) this.#stream.pause();
  }

  #watch(): void {
    const from = this.#reached;
    const watch = { path: this.#path, kind: WatchKind.PERSISTENT, withData: true, from };
    const requests: Encodable<IRequest>[] = [{ id: 1, watch }];
    // What happened before a watch from now has to be read, behind it.
    if (from.length === 0) requests.push({ id: 2, get: { path: this.#path } });
    this.#stream?.send(ClientFrame.encode({ requests }));
  }

  #onFrame({ responses, events, farewell }: IServerFrame): void {
    for (const { error, node } of responses) {
      if (error !== undefined) this.#onEnd(error.code);
      if (node !== undefined) this.last = Math.max(this.last, valueOf(node.data));
    }
    for (const { events: list, positions, error } of events) {
      for (const { data } of list) {
        const value = valueOf(data);
        if (this.last > 0 && value !== this.last + 1) this.gaps += 1;
        this.last = value;
        this.count += 1;
      }
      if (positions.length > 0) this.#reached = positions;
      if (error !== undefined) this.#onEnd(error.code);
    }
    if (farewell !== undefined) this.ends.push(errorCodeName(farewell.code));
  }

  /** Goes on; from now when what comes next is no longer kept. */
  #onEnd(code: number): void {
    const name = errorCodeName(code);
    this.ends.push(name);
    if (name === "COMPACTED") {
      this.#reached = [];
      this.last = 0;
    }
    setTimeout(() => this.#watch(), retryMs);
  }
}

function valueOf(data: Uint8Array): number {
  return Number.parseInt(Buffer.from(data).toString(), 10);
}
