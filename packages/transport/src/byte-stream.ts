import type { MeridianError } from "@meridian/wire";

/** What one side of a stream is told. Never from within a call that it makes itself. */
export interface ByteStreamEvents {
  received(bytes: Buffer): void;
  /** `bufferedBytes` has come back to 0. */
  drained?(): void;
  /**
   * The other side ended it (undefined), refused it, or it broke. At most once, and nothing after
   * it.
   */
  ended(error: MeridianError | undefined): void;
}

/** One side of a stream of messages, still as bytes: of gRPC, or within a process. */
export interface ByteStream {
  /** Handed over and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Once, before anything can arrive. */
  listen(events: ByteStreamEvents): void;
  write(bytes: Buffer): void;
  /** Nothing more is written. A client is told what still comes; a server's stream is over. */
  end(): void;
  /** Over at once. A server's error reaches the client unless something is buffered before it. */
  abort(error: MeridianError): void;
  /** Runs `task` soon, after the caller returned. */
  defer(task: () => void): void;
}
