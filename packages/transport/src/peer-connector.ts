import type {
  Encodable,
  IPeerFrame,
  IPeerHello,
  ISnapshotChunk,
  ISnapshotInstalled,
} from "@meridian/wire";

/** What a connector is told of one connection. Nothing after `failed`, which comes at most once. */
export interface PeerConnectionEvents {
  /** The connection stands, and frames may be sent. Never from within `connect`. */
  opened(): void;
  /**
   * It did not come about, or broke. `isRefused`: at its address nobody takes connections. Never
   * from within `connect` or `send`.
   */
  failed(error: Error, isRefused?: boolean): void;
}

/** A stream of frames to one peer. */
export interface PeerConnection {
  /** After `opened` only. */
  send(frame: Encodable<IPeerFrame>): void;
  readonly bufferedBytes: number;
  /** At once and silently. */
  close(): void;
}

/** A snapshot on its way to one peer. */
export interface SnapshotConnection {
  /**
   * Resolves when there is room for the next chunk; stays open when the connection ended before.
   */
  send(chunk: Encodable<ISnapshotChunk>): Promise<void>;
  /** Nothing follows. */
  end(): void;
  /** What the peer says; rejects when it refuses the stream or is lost. */
  readonly answer: Promise<ISnapshotInstalled>;
  /** At once; the answer rejects unless it came before. */
  close(): void;
}

/** Makes connections to peers, over a network or within a process. */
export interface PeerConnector {
  /** Connects to the node that `hello` is meant for; sends the hello first. */
  connect(hello: IPeerHello, events: PeerConnectionEvents): PeerConnection;
  openSnapshot(hello: IPeerHello): SnapshotConnection;
  /** One request and its answer, on a connection of their own. Rejects with MeridianErrors only. */
  call(to: string, path: string, request: Buffer, deadlineMs: number): Promise<Buffer>;
}
