import type { Encodable, IChildrenResult, IResponse, IWelcome } from "@meridian/wire";
import { AddressedReport, encodeServerFrame, type Utterance } from "./server-frame.ts";
import type { WatchReport } from "./watch-report.ts";

/**
 * Frames stay well below the 4 MiB that transports take, so that one more answer does not matter.
 */
const frameBytesMax = 1024 * 1024;

/**
 * Collects what a stream has to say, in its order, and makes frames of it that are not too large. A
 * report thus comes before every answer that was made after it, and after those made before.
 */
export class FramePacker {
  #welcome: Encodable<IWelcome> | undefined;
  #said: Utterance[] = [];
  /** About the bytes of each. */
  #sizes: number[] = [];
  #bytes = 0;
  #reports = 0;
  #reportBytes = 0;

  /** About what waits to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reports that wait. */
  get reports(): number {
    return this.#reports;
  }

  /** About the bytes of the reports that wait. */
  get reportBytes(): number {
    return this.#reportBytes;
  }

  get isEmpty(): boolean {
    return this.#said.length === 0 && this.#welcome === undefined;
  }

  welcome(welcome: Encodable<IWelcome>): void {
    this.#welcome = welcome;
  }

  respond(response: Encodable<IResponse>): void {
    this.#add(response, responseBytes(response));
  }

  report(watch: number, report: WatchReport): void {
    this.#add(new AddressedReport(watch, report), report.bytes);
    this.#reports += 1;
    this.#reportBytes += report.bytes;
  }

  /**
   * What was collected first, in an encoded frame: at least one thing, and no more than about
   * `roomBytes`. Only while it is not empty.
   */
  take(roomBytes: number = Infinity): Buffer {
    return this.#takeFrame(Math.min(roomBytes, frameBytesMax));
  }

  /**
   * Drops the reports that are not the last of their watch. Gives the first that told of events for
   * each watch that lost some.
   */
  dropReports(): ReadonlyMap<number, WatchReport> {
    const lost = new Map<number, WatchReport>();
    const [said, sizes] = [this.#said, this.#sizes];
    this.#clearSaid();
    for (const [at, one] of said.entries()) {
      if (!(one instanceof AddressedReport)) this.#add(one, sizes[at] ?? 0);
      else if (one.report.isEnd) this.report(one.watch, one.report);
      else if (one.report.hasEvents && !lost.has(one.watch)) lost.set(one.watch, one.report);
    }
    return lost;
  }

  /** Forgets everything that was collected. */
  clear(): void {
    this.#welcome = undefined;
    this.#clearSaid();
  }

  #add(one: Utterance, bytes: number): void {
    this.#bytes += bytes;
    if (this.#said.length === 0) {
      // Most streams have one thing to say at a time: empty lists that are filled take ten times
      // the room.
      this.#said = [one];
      this.#sizes = [bytes];
      return;
    }
    this.#said.push(one);
    this.#sizes.push(bytes);
  }

  #takeFrame(bytesMax: number): Buffer {
    const welcome = this.#welcome;
    this.#welcome = undefined;
    if (this.#bytes <= bytesMax) {
      const said = this.#said;
      this.#clearSaid();
      return encodeServerFrame(welcome, said);
    }
    let [end, bytes] = [0, 0];
    while (end < this.#sizes.length) {
      const next = this.#sizes[end] ?? 0;
      if (bytes + next > bytesMax && end > 0) break;
      bytes += next;
      end += 1;
    }
    const said = this.#said.splice(0, end);
    this.#sizes.splice(0, end);
    this.#bytes -= bytes;
    for (const one of said) {
      if (!(one instanceof AddressedReport)) continue;
      this.#reports -= 1;
      this.#reportBytes -= one.report.bytes;
    }
    return encodeServerFrame(welcome, said);
  }

  #clearSaid(): void {
    this.#said = [];
    this.#sizes = [];
    this.#bytes = 0;
    this.#reports = 0;
    this.#reportBytes = 0;
  }
}

/** About what a Stat, numbers and lengths take. */
const baseBytes = 160;

function responseBytes({ node, children, multi, error }: Encodable<IResponse>): number {
  let bytes = baseBytes + (error?.message?.length ?? 0);
  if (node !== undefined) bytes += nodeBytes(node);
  if (children !== undefined) bytes += childrenBytes(children);
  for (const part of multi?.parts ?? []) bytes += baseBytes + nodeBytes(part.node ?? {});
  return bytes;
}

function childrenBytes({ children = [] }: Encodable<IChildrenResult>): number {
  let bytes = baseBytes;
  for (const child of children) bytes += nodeBytes(child);
  return bytes;
}

function nodeBytes(node: NonNullable<Encodable<IResponse>["node"]>): number {
  const { path = "", data, stat } = node;
  return (stat === undefined ? 16 : baseBytes) + path.length + (data?.byteLength ?? 0);
}
