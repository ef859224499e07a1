import grpc, { type ClientWritableStream } from "@grpc/grpc-js";
import {
  MeridianError,
  PeerFrame,
  PeerService,
  SnapshotChunk,
  SnapshotInstalled,
  type Encodable,
  type IPeerFrame,
  type IPeerHello,
  type ISnapshotInstalled,
} from "@meridian/wire";
import type {
  PeerConnection,
  PeerConnectionEvents,
  PeerConnector,
  SnapshotConnection,
} from "../peer-connector.ts";
import type { PeerLimits } from "../peer-link.ts";
import { clientCredentials, clientOptions, type Keepalive, type Tls } from "./client-options.ts";
import { ByteWriter } from "./byte-writer.ts";
import { GrpcConnector } from "./channel.ts";
import { ClientWriter } from "./client-writer.ts";
import { whenConnected } from "./connecting.ts";
import { asIs } from "./definition.ts";
import { errorOfStatus } from "./status.ts";

/** How connections to peers are made and watched. */
export interface PeerConnecting extends Keepalive {
  /** Time for a connection to come about. */
  readonly connectMs: number;
}

/** What a peer transport over gRPC does unless told otherwise. */
export const PEER_CONNECTING: PeerConnecting = {
  connectMs: 3000,
  keepaliveMs: 2000,
  keepaliveTimeoutMs: 2000,
};

const UNKNOWN_ADDRESS = "its address is not known";

/**
 * Makes a connection of its own for every stream, so that a full pipe of snapshots does not hold
 * heartbeats up.
 */
export class GrpcPeerConnector implements PeerConnector {
  readonly #resolve: (node: string) => string | undefined;
  readonly #limits: PeerLimits & PeerConnecting;
  readonly #tls: Tls | undefined;

  constructor(
    resolve: (node: string) => string | undefined,
    limits: PeerLimits & PeerConnecting,
    tls: Tls | undefined,
  ) {
    this.#resolve = resolve;
    this.#limits = limits;
    this.#tls = tls;
  }

  connect(hello: IPeerHello, events: PeerConnectionEvents): PeerConnection {
    const client = this.#client(hello.to);
    if (client !== undefined) return new GrpcPeerConnection(client, hello, events, this.#limits);
    setImmediate(() => events.failed(new Error(UNKNOWN_ADDRESS)));
    return { bufferedBytes: 0, send: () => undefined, close: () => undefined };
  }

  async call(to: string, path: string, request: Buffer, deadlineMs: number): Promise<Buffer> {
    const client = this.#client(to);
    if (client === undefined) throw new MeridianError("REGION_UNAVAILABLE", UNKNOWN_ADDRESS);
    const { connectMs, messageBytesMax } = this.#limits;
    const connector = new GrpcConnector(() => client, connectMs, messageBytesMax);
    try {
      return await connector.call(path, request, { deadlineMs, signal: undefined, once: false });
    } finally {
      connector.close();
    }
  }

  openSnapshot(hello: IPeerHello): SnapshotConnection {
    const client = this.#client(hello.to);
    if (client === undefined) {
      const answer = Promise.reject(new Error(UNKNOWN_ADDRESS));
      return {
        answer,
        send: () => Promise.resolve(),
        end: () => undefined,
        close: () => undefined,
      };
    }
    const { call, answer } = callOf(client);
    const writer = new ByteWriter(call);
    return {
      answer,
      send: (chunk) => new Promise((resolve) => writer.write(SnapshotChunk.encode(chunk), resolve)),
      end: () => call.end(),
      close: () => {
        call.cancel();
        client.close();
      },
    };
  }

  #client(node: string): grpc.Client | undefined {
    const address = this.#resolve(node);
    if (address === undefined) return undefined;
    const options = clientOptions(this.#limits, this.#limits.messageBytesMax);
    return new grpc.Client(address, clientCredentials(this.#tls), options);
  }
}

class GrpcPeerConnection implements PeerConnection {
  readonly #client: grpc.Client;
  readonly #events: PeerConnectionEvents;
  #stream:
    | { readonly call: ClientWritableStream<Buffer>; readonly writer: ClientWriter }
    | undefined;
  #over = false;

  constructor(
    client: grpc.Client,
    hello: IPeerHello,
    events: PeerConnectionEvents,
    { connectMs }: PeerConnecting,
  ) {
    this.#client = client;
    this.#events = events;
    // Without a time limit an attempt at an address that swallows packets would take minutes.
    whenConnected(client, connectMs, (outcome) => {
      if (this.#over) return;
      if (outcome === "connected") this.#open(hello);
      else this.#fail(new Error(`no connection: ${outcome}`), outcome === "unreachable");
    });
  }

  get bufferedBytes(): number {
    return this.#stream?.writer.bufferedBytes ?? 0;
  }

  send(frame: Encodable<IPeerFrame>): void {
    if (!this.#over) this.#stream?.writer.write(PeerFrame.encode(frame));
  }

  close(): void {
    this.#over = true;
    this.#stream?.call.cancel();
    this.#client.close();
  }

  #open(hello: IPeerHello): void {
    const { path } = PeerService.connect;
    const call = this.#client.makeClientStreamRequest(path, asIs, asIs, (error) => {
      const ended = new Error("the peer ended the stream");
      this.#fail(error === null ? ended : errorOfStatus(error));
    });
    this.#stream = { call, writer: new ClientWriter(call) };
    this.send({ hello });
    this.#events.opened();
  }

  #fail(error: Error, isRefused = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.failed(error, isRefused);
  }
}

function callOf(client: grpc.Client): {
  readonly call: ClientWritableStream<Buffer>;
  readonly answer: Promise<ISnapshotInstalled>;
} {
  let settle: (error: Error | null, answer?: Buffer) => void = () => undefined;
  const answer = new Promise<ISnapshotInstalled>((resolve, reject) => {
    settle = (error, bytes) => {
      if (error === null && bytes !== undefined) resolve(SnapshotInstalled.decode(bytes));
      else reject(error ?? new Error("no answer"));
    };
  });
  const { path } = PeerService.installSnapshot;
  const call = client.makeClientStreamRequest(path, asIs, asIs, (error, bytes?: Buffer) => {
    settle(error, bytes);
  });
  return { call, answer };
}
