import type { Position } from "@meridian/tree";
import { type Encodable, type IWatchEvents, WatchEvents } from "@meridian/wire";
import { encodeRefusal, type Refusal } from "./refusal.ts";

/** What a watch is told; whose it is, is said where it is sent. */
type Content = Omit<Encodable<IWatchEvents>, "watch" | "laterResponses">;

/**
 * What watches are told at once: the events of a transaction, how far their node is, or why they
 * end. Made once, and shared by all watches that are told the same: ten thousand watchers of one
 * node cost one encoding, and what waits for those who do not read is there once.
 */
export class WatchReport {
  readonly content: Content;
  /** Where the events happened; undefined: there are none. */
  readonly position: Position | undefined;
  /** About what it takes. */
  readonly bytes: number;
  #body: Buffer | undefined;

  private constructor(content: Content, position: Position | undefined) {
    this.content = content;
    this.position = position;
    this.bytes = bytesOf(content);
  }

  /** Events of a transaction at `position`, with which watchers have reached `positions`. */
  static ofEvents(
    events: NonNullable<Content["events"]>,
    position: Position,
    positions: readonly Position[],
  ): WatchReport {
    return new WatchReport({ events, positions }, position);
  }

  /** Nothing has happened up to these positions that was not told. */
  static ofProgress(positions: readonly Position[]): WatchReport {
    return new WatchReport({ positions }, undefined);
  }

  /** The watch has ended; everything up to `positions` was told. */
  static ofEnd(refusal: Refusal, positions: readonly Position[]): WatchReport {
    return new WatchReport({ positions, error: encodeRefusal(refusal) }, undefined);
  }

  /** It tells of something that happened. */
  get hasEvents(): boolean {
    return this.position !== undefined;
  }

  /** It is the last that its watch is told. */
  get isEnd(): boolean {
    return this.content.error !== undefined;
  }

  /** The content, encoded. */
  get body(): Buffer {
    this.#body ??= WatchEvents.encode(this.content);
    return this.#body;
  }
}

/** About what a Stat, numbers and lengths take. */
const baseBytes = 160;

function bytesOf({ events = [], positions = [], error }: Content): number {
  let bytes = 32 + positions.length * 32 + (error === undefined ? 0 : baseBytes);
  for (const { path = "", data } of events) {
    bytes += baseBytes + path.length + (data?.byteLength ?? 0);
  }
  return bytes;
}
