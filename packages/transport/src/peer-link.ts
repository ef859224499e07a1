import grpc, { type ClientWritableStream, type ServiceError } from "@grpc/grpc-js";
import { PeerFrame as PeerFrameCodec, PeerService, type IPeerFrame } from "@meridian/wire";
import { peerFrameToWire } from "../peer-codec.ts";
import { peerFrameBytes, splitPeerFrame } from "../peer-frame-size.ts";
import type { PeerFrame } from "../peer.ts";
import type { PeerIdentity } from "../service.ts";
import { clientCredentials, clientOptions, type Keepalive, type Tls } from "./client-options.ts";
import { whenConnected } from "./connecting.ts";
import { asIs } from "./definition.ts";
import { FrameWriter } from "./frame-writer.ts";

/** Bounds of the traffic with one peer. */
export interface PeerLimits extends Keepalive {
  /** Frames waiting for the network; above it the stream is given up. */
  readonly bufferedBytesMax: number;
  /** Longest message; longer frames are split. */
  readonly messageBytesMax: number;
  /** Time for a connection to come about. */
  readonly connectMs: number;
  /** Shortest and longest pause between attempts. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A snapshot that does not get on for so long is given up. */
  readonly snapshotStallMs: number;
}

/** What a link needs to know; the same for all links of a member. */
export interface PeerLinkOptions {
  readonly identity: PeerIdentity;
  /** host:port of a node; undefined when it is not known (now). Asked for every attempt. */
  resolve(node: string): string | undefined;
  /** Frames to the peer were or may have been lost. Never called from within `send`. */
  onPeerDown(peer: string): void;
  /** The peer refused this member, or could not be reached. For logs. */
  onFailure?(peer: string, error: Error): void;
  readonly limits: PeerLimits;
  readonly tls: Tls | undefined;
  readonly random: () => number;
}

interface Connection {
  readonly client: grpc.Client;
  /** Absent while it connects. */
  stream?: {
    readonly call: ClientWritableStream<Buffer>;
    readonly writer: FrameWriter<IPeerFrame>;
  };
}

/**
 * The stream of frames to one peer. Frames sent while it connects wait; frames sent between attempts are lost. Without
 * frames to send it does not connect, so that links to members that are gone fall silent.
 */
export class PeerLink {
  readonly #to: string;
  readonly #options: PeerLinkOptions;
  #connection: Connection | undefined;
  #pause: NodeJS.Timeout | undefined;
  #waiting: PeerFrame[] = [];
  #waitingBytes = 0;
  #attempts = 0;
  /** Frames were lost and `onPeerDown` did not say so yet. */
  #lost = false;
  #closed = false;

  constructor(to: string, options: PeerLinkOptions) {
    this.#to = to;
    this.#options = options;
  }

  send(frame: PeerFrame): void {
    if (this.#closed) return;
    const stream = this.#connection?.stream;
    if (stream !== undefined) {
      this.#write(stream.writer, frame);
    } else if (this.#pause !== undefined) {
      this.#lost = true;
    } else {
      this.#wait(frame);
      if (this.#connection === undefined) this.#connect();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#drop();
  }

  #wait(frame: PeerFrame): void {
    const bytes = peerFrameBytes(frame);
    if (this.#waitingBytes + bytes > this.#options.limits.bufferedBytesMax) {
      this.#lost = true;
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += bytes;
  }

  #write(writer: FrameWriter<IPeerFrame>, frame: PeerFrame): void {
    const { messageBytesMax, bufferedBytesMax } = this.#options.limits;
    if (writer.bufferedBytes > bufferedBytesMax) {
      this.#lost = true;
      const error = new Error(`${writer.bufferedBytes} bytes are waiting for the network`);
      const connection = this.#connection;
      setImmediate(() => this.#fail(connection, error));
      return;
    }
    for (const part of splitPeerFrame(frame, messageBytesMax)) writer.write(peerFrameToWire(part));
  }

  #connect(): void {
    const { limits, tls } = this.#options;
    const address = this.#options.resolve(this.#to);
    if (address === undefined) {
      setImmediate(() => this.#fail(undefined, new Error("its address is not known")));
      return;
    }
    const options = clientOptions(limits, limits.messageBytesMax);
    const client = new grpc.Client(address, clientCredentials(tls), options);
    const connection: Connection = { client };
    this.#connection = connection;
    // Without a time limit an attempt at an address that swallows packets would take minutes.
    whenConnected(client, limits.connectMs, (error) => {
      if (this.#connection !== connection) return;
      if (error === undefined) this.#open(connection);
      else this.#fail(connection, error);
    });
  }

  #open(connection: Connection): void {
    const { identity, limits } = this.#options;
    const { path } = PeerService.connect;
    const ended = (error: ServiceError | null): void => {
      this.#fail(connection, error ?? new Error("the peer ended the stream"));
    };
    const call = connection.client.makeClientStreamRequest(path, asIs, asIs, ended);
    const writer = new FrameWriter(call, PeerFrameCodec, Infinity);
    connection.stream = { call, writer };
    const { cluster, incarnation, node: from } = identity;
    writer.write({ hello: { cluster, incarnation, from, to: this.#to } }, () => {
      setTimeout(() => {
        if (this.#connection === connection) this.#attempts = 0;
      }, limits.backoffMsMax).unref();
    });
    const waiting = this.#takeWaiting();
    this.#reportLoss();
    for (const frame of waiting) this.#write(writer, frame);
  }

  #fail(connection: Connection | undefined, error: Error): void {
    if (this.#closed || this.#connection !== connection || this.#pause !== undefined) return;
    const wasOpen = connection?.stream !== undefined;
    this.#drop();
    if (this.#takeWaiting().length > 0 || wasOpen) this.#lost = true;
    this.#options.onFailure?.(this.#to, error);
    this.#pause = setTimeout(() => this.#resume(), this.#backoffMs());
    this.#reportLoss();
  }

  #resume(): void {
    this.#pause = undefined;
    // Somebody still has something to say: be connected when they say it again.
    if (this.#lost) this.#connect();
  }

  #backoffMs(): number {
    const { limits, random } = this.#options;
    const ms = Math.min(limits.backoffMsMin * 2 ** this.#attempts, limits.backoffMsMax);
    this.#attempts += 1;
    return ms * (0.5 + random() / 2);
  }

  #drop(): void {
    this.#connection?.stream?.call.cancel();
    this.#connection?.client.close();
    this.#connection = undefined;
  }

  #takeWaiting(): readonly PeerFrame[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #reportLoss(): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#options.onPeerDown(this.#to);
  }
}
