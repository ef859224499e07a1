import type { ByteStream } from "./byte-stream.ts";

/** How one call is to be made. */
export interface UnaryOptions {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** It must not be done twice: lost after it may have arrived, its fate is UNKNOWN. */
  readonly once: boolean;
}

/** Reaches one server, over a network or within a process. */
export interface ChannelConnector {
  /** Opens a stream of frames in both directions. */
  open(path: string): ByteStream;
  /** Rejects with MeridianErrors only. */
  call(path: string, request: Buffer, options: UnaryOptions): Promise<Buffer>;
  close(): void;
}
