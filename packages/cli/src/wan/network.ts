import { connect, createServer, type Server, type Socket } from "node:net";

import { parseAddress } from "../config/address.ts";
import { openCircuit, type Send } from "./circuit.ts";
import { systemClock, type Clock } from "./clock.ts";
import { DelayLine } from "./delay-line.ts";
import { roundTripMs, type RoundTripTimes } from "./round-trip-times.ts";

/** One directed line between two regions, as it is now. */
export interface LineState {
  readonly from: string;
  readonly to: string;
  /** With the extra delay. */
  readonly delayMs: number;
  readonly cut: boolean;
  /** Bytes carried since the start. */
  readonly bytes: number;
}

/** Connections that one listener holds at a time; later ones are dropped. */
const connectionsMax = 1024;

/**
 * The network between the regions of a local platform: one listener for each pair of a calling
 * region and a node elsewhere, and behind it a delay line for each directed pair of regions.
 * Emulated in user space, so that it needs no rights; opening a connection takes no round trip,
 * everything sent on it does.
 */
export class WanNetwork {
  readonly #clock: Clock;
  readonly #lines = new Map<string, DelayLine>();
  readonly #servers = new Set<Server>();
  /** Open sockets, each with the region of the circuit's caller. */
  readonly #sockets = new Map<Socket, string>();
  /** Regions without power: nobody there can call anybody elsewhere. */
  readonly #dark = new Set<string>();
  #cancelTimer: (() => void) | undefined;
  #timerDueMs = Infinity;

  /** @throws {RangeError} when the table lacks a pair of the regions. */
  constructor(regions: readonly string[], times: RoundTripTimes, clock: Clock = systemClock) {
    this.#clock = clock;
    for (const from of regions) {
      for (const to of regions) {
        if (from === to) continue;
        const trip = roundTripMs(times, from, to);
        if (trip === undefined) throw new RangeError(`no round-trip time for ${from} and ${to}`);
        this.#lines.set(lineKey(from, to), new DelayLine(from, to, trip / 2));
      }
    }
  }

  /** Every line. */
  inspect(): readonly LineState[] {
    return [...this.#lines.values()].map((line) => ({
      from: line.from,
      to: line.to,
      delayMs: line.delayMs + line.extraMs,
      cut: line.cut,
      bytes: line.carriedBytes,
    }));
  }

  /**
   * Serves callers of `from` that want the node at `target` in region `to`, on `host:port`. Rejects
   * if taken.
   */
  listen(from: string, to: string, target: string, at: string): Promise<void> {
    const there = this.#sender(from, to);
    const back = this.#sender(to, from);
    const node = addressOrThrow(target);
    const own = addressOrThrow(at);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
      if (this.#dark.has(from)) {
        caller.resetAndDestroy();
        return;
      }
      openCircuit(
        caller,
        () => connect({ ...node, allowHalfOpen: true }),
        { there, back },
        (socket) => this.#hold(socket, from),
      );
    });
    server.maxConnections = connectionsMax;
    this.#servers.add(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(own.port, own.host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  /** Cuts `region` off from one region, or from all; both ways, or only what it sends. */
  partition(region: string, from?: string, oneWay = false): void {
    for (const line of this.#between(region, from)) {
      if (line.from === region || !oneWay) line.cut = true;
    }
    this.#wake();
  }

  /** A region loses its power: the connections of its callers break, and new ones are refused. */
  darken(region: string): void {
    this.#dark.add(region);
    for (const [socket, from] of this.#sockets) if (from === region) socket.resetAndDestroy();
  }

  /** The region has power again. */
  lighten(region: string): void {
    this.#dark.delete(region);
  }

  /** Ends cuts and extra delays of one region, or of all. */
  heal(region?: string): void {
    for (const line of this.#lines.values()) {
      if (region !== undefined && line.from !== region && line.to !== region) continue;
      line.cut = false;
      line.extraMs = 0;
    }
    this.#wake();
  }

  /**
   * Sets the extra one-way delay between `region` and another, or all others, in both directions.
   */
  delay(region: string, extraMs: number, to?: string): void {
    for (const line of this.#between(region, to)) line.extraMs = extraMs;
  }

  /** Ends all connections and listeners at once. */
  close(): void {
    this.#cancelTimer?.();
    this.#timerDueMs = Infinity;
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #between(region: string, other: string | undefined): readonly DelayLine[] {
    return [...this.#lines.values()].filter(
      ({ from, to }) =>
        (from === region && (other === undefined || to === other)) ||
        (to === region && (other === undefined || from === other)),
    );
  }

  #hold(socket: Socket, from: string): void {
    this.#sockets.set(socket, from);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #sender(from: string, to: string): Send {
    const line = this.#lines.get(lineKey(from, to));
    if (line === undefined) throw new RangeError(`no line from ${from} to ${to}`);
    return (bytes, deliver) => {
      line.put({ bytes, deliver }, this.#clock.nowMs());
      const dueMs = line.nextDueMs();
      if (dueMs !== undefined && dueMs < this.#timerDueMs) this.#setTimer(dueMs);
    };
  }

  /** One timer serves all lines: it is set to the earliest arrival anywhere. */
  #setTimer(dueMs: number): void {
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    const delayMs = Math.max(0, Math.round(dueMs - this.#clock.nowMs()));
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    // Deliveries may send: while this runs, no timer is set for them, it is set once below.
    this.#timerDueMs = -Infinity;
    const nowMs = this.#clock.nowMs();
    let nextMs = Infinity;
    for (const line of this.#lines.values()) {
      line.advance(nowMs);
    }
    for (const line of this.#lines.values())
      nextMs = Math.min(nextMs, line.nextDueMs() ?? Infinity);
    this.#timerDueMs = Infinity;
    if (nextMs < Infinity) this.#setTimer(nextMs);
  }
}

function lineKey(from: string, to: string): string {
  return `${from} ${to}`;
}

function addressOrThrow(text: string): { host: string; port: number } {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}
