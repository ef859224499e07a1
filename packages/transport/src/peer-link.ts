import type { TransportClock } from "./clock.ts";
import { helloTo } from "./hello.ts";
import type { EntryPacker } from "./entry-packer.ts";
import { peerFrameToWire } from "./peer-codec.ts";
import type { PeerConnection, PeerConnector } from "./peer-connector.ts";
import { peerFrameBytes, splitPeerFrame } from "./peer-frame-size.ts";
import type { PeerFrame } from "./peer.ts";
import type { PeerIdentity } from "./service.ts";
import { saysDeparted, saysSuperseded } from "./stranger.ts";

/** Bounds of the traffic with one peer. */
export interface PeerLimits {
  /** Frames waiting for the network; above it the stream is given up. */
  readonly bufferedBytesMax: number;
  /** Longest message; longer frames are split. */
  readonly messageBytesMax: number;
  /** Shortest and longest pause between attempts to connect. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A snapshot that does not get on for so long is given up. */
  readonly snapshotStallMs: number;
}

/** What the links of a member share. */
export interface PeerLinkOptions {
  /** Read for every attempt: the incarnation may rise. */
  readonly identity: PeerIdentity;
  /** Birth of a peer that was met before; said to it in every hello. */
  birthOf?(peer: string): string | undefined;
  /**
   * Frames to the peer were or may have been lost. `isGone`: its connection broke, and nobody takes
   * another at its address. Never called from within `send`.
   */
  onPeerDown(peer: string, isGone: boolean): void;
  /** The peer says that this member was removed from the group. */
  onDismissed?(peer: string): void;
  /** The peer says that the cluster has a later incarnation than this member's. */
  onSuperseded?(peer: string): void;
  /** The peer could not be reached, refused this member, or was lost. For logs. */
  onFailure?(peer: string, error: Error): void;
  readonly limits: PeerLimits;
  readonly connector: PeerConnector;
  readonly clock: TransportClock;
  /** Jitters the pauses; in [0, 1). */
  readonly random: () => number;
}

/**
 * The stream of frames to one peer. Frames sent while it connects wait; frames sent between
 * attempts are lost. Without frames to send it does not connect, so that links to members that are
 * gone fall silent.
 */
export class PeerLink {
  readonly #to: string;
  readonly #options: PeerLinkOptions;
  readonly #packer: EntryPacker;
  #connection: PeerConnection | undefined;
  #open = false;
  #cancelPause: (() => void) | undefined;
  #waiting: PeerFrame[] = [];
  #waitingBytes = 0;
  #attempts = 0;
  /** Frames were lost and `onPeerDown` did not say so yet. */
  #lost = false;
  /** A connection broke, and it is not known yet whether there is somebody to connect to. */
  #broke = false;
  #closed = false;

  /** `packer` is the same for all links of a member. */
  constructor(to: string, options: PeerLinkOptions, packer: EntryPacker) {
    this.#to = to;
    this.#options = options;
    this.#packer = packer;
  }

  send(frame: PeerFrame): void {
    if (this.#closed) return;
    if (this.#cancelPause !== undefined) {
      this.#lost = true;
      return;
    }
    this.#connection ??= this.#connect();
    if (this.#open) this.#write(this.#connection, frame);
    else this.#wait(frame);
  }

  close(): void {
    this.#closed = true;
    this.#cancelPause?.();
    this.#drop();
  }

  #connect(): PeerConnection {
    const hello = helloTo(this.#to, this.#options);
    const connection: PeerConnection = this.#options.connector.connect(hello, {
      opened: () => this.#opened(connection),
      failed: (error, isRefused) => this.#failed(connection, error, isRefused),
    });
    return connection;
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

  #write(connection: PeerConnection, frame: PeerFrame): void {
    const { limits, clock } = this.#options;
    if (connection.bufferedBytes > limits.bufferedBytesMax) {
      this.#lost = true;
      const error = new Error(`${connection.bufferedBytes} bytes are waiting for the network`);
      clock.after(0, () => this.#failed(connection, error));
      return;
    }
    for (const part of splitPeerFrame(frame, limits.messageBytesMax)) {
      connection.send(peerFrameToWire(part, this.#packer));
    }
  }

  #opened(connection: PeerConnection): void {
    if (this.#connection !== connection) return;
    const { limits, clock } = this.#options;
    this.#open = true;
    this.#broke = false;
    // Only a connection that lasts shows that the peer accepts it.
    clock.after(limits.backoffMsMax, () => {
      if (this.#connection === connection) this.#attempts = 0;
    });
    const waiting = this.#takeWaiting();
    this.#reportLoss();
    for (const frame of waiting) this.#write(connection, frame);
  }

  #failed(connection: PeerConnection, error: Error, isRefused = false): void {
    if (this.#connection !== connection) return;
    const isGone = isRefused && this.#broke;
    this.#broke = this.#open;
    if (this.#open || this.#takeWaiting().length > 0) this.#lost = true;
    this.#drop();
    const { clock } = this.#options;
    this.#cancelPause = clock.after(this.#backoffMs(), () => this.#resume());
    this.#options.onFailure?.(this.#to, error);
    if (saysDeparted(error)) this.#options.onDismissed?.(this.#to);
    if (saysSuperseded(error)) this.#options.onSuperseded?.(this.#to);
    this.#reportLoss(isGone);
  }

  #resume(): void {
    this.#cancelPause = undefined;
    // Somebody has something to say: be connected when they say it again. And if the peer is gone,
    // others wait for the news.
    if (this.#lost || this.#broke) this.#connection ??= this.#connect();
  }

  #backoffMs(): number {
    const { limits, random } = this.#options;
    const ms = Math.min(limits.backoffMsMin * 2 ** this.#attempts, limits.backoffMsMax);
    this.#attempts += 1;
    return ms * (0.5 + random() / 2);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#open = false;
    connection?.close();
  }

  #takeWaiting(): readonly PeerFrame[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #reportLoss(isGone = false): void {
    if (!this.#lost && !isGone) return;
    this.#lost = false;
    this.#options.onPeerDown(this.#to, isGone);
  }
}
