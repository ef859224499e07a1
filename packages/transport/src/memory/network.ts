import { MeridianError } from "@meridian/wire";
import type { Channel } from "../channel.ts";
import type { TransportClock } from "../clock.ts";
import { ConnectedChannel } from "../connected-channel.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { PeerTransport } from "../peer.ts";
import type { PeerLimits, PeerLinkOptions } from "../peer-link.ts";
import { LinkedPeerTransport, PEER_LIMITS } from "../peer-transport.ts";
import type { Services } from "../service.ts";
import { MemoryChannelConnector } from "./channel-connector.ts";
import { Connection } from "./connection.ts";
import { MemoryPeerConnector } from "./peer-connector.ts";
import { Link, type LinkState } from "./pipe.ts";
import { MemoryServer } from "./server.ts";
import { type Dial, nobodyHint, type Opening } from "./opening.ts";

/** What a network within a process needs. With the same clock and chance it does the same. */
export interface MemoryNetworkOptions {
  readonly clock: TransportClock;
  /** Jitters the pauses between attempts of peers to connect; in [0, 1). */
  readonly random: () => number;
  /**
   * A link that is cut for so long breaks the streams that run through it: keepalive. Default: 4 s.
   */
  readonly detectMs?: number;
}

/** A member of a group on a network within a process. */
export interface MemoryPeerOptions extends Pick<
  PeerLinkOptions,
  "identity" | "birthOf" | "onPeerDown" | "onDismissed" | "onSuperseded" | "onFailure"
> {
  /** Its own address. */
  readonly address: string;
  /** Address of a node; undefined when it is not known (now). */
  resolve(node: string): string | undefined;
  readonly limits?: Partial<PeerLimits>;
}

/** Stands for a server; see `MemoryNetwork.serve`. */
export interface MemoryServing {
  readonly address: string;
  /** Refuses new streams and breaks the open ones, at once. */
  close(): void;
}

/** What was handed to a link since the beginning. */
export interface LinkTraffic {
  readonly from: string;
  readonly to: string;
  /** Frames of streams, and requests and answers of calls. */
  readonly messages: number;
  readonly bytes: number;
}

/**
 * The transports without sockets: the same limits, the same encoded bytes, the same order and the
 * same ends of streams, over links whose delays and cuts are given. Links are one-way and have a
 * state of their own. As with TCP, what is sent into a cut link waits: it arrives after the cut,
 * unless that lasts until the stream breaks.
 */
export class MemoryNetwork {
  readonly #clock: TransportClock;
  readonly #random: () => number;
  readonly #detectMs: number;
  readonly #servers = new Map<string, MemoryServer>();
  readonly #links = new Map<string, Link>();
  /** With the links that each runs through. */
  readonly #connections = new Map<Connection, readonly [Link, Link]>();

  constructor(options: MemoryNetworkOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#detectMs = options.detectMs ?? 4000;
  }

  /** Answers at `address` from now on. */
  serve(address: string, services: Services): MemoryServing {
    if (this.#servers.has(address)) throw new RangeError(`${address} is taken`);
    const server = new MemoryServer(services, this.#clock);
    this.#servers.set(address, server);
    return {
      address,
      close: () => {
        if (this.#servers.get(address) !== server) return;
        this.#servers.delete(address);
        server.close();
      },
    };
  }

  /** A channel from one address to another; nobody need serve there yet. */
  openChannel(from: string, to: string): Channel {
    const dial: Dial = (opening) => this.#connect(from, to, opening);
    const connector = new MemoryChannelConnector(dial, this.#clock);
    return new ConnectedChannel(to, connector, SERVER_LIMITS.messageBytesMax);
  }

  createPeerTransport(options: MemoryPeerOptions): PeerTransport {
    const dialTo = (node: string): Dial | undefined => {
      const to = options.resolve(node);
      if (to === undefined) return undefined;
      return (opening) => this.#connect(options.address, to, opening);
    };
    const connector = new MemoryPeerConnector(dialTo, this.#clock);
    return new LinkedPeerTransport({
      identity: options.identity,
      birthOf: (peer) => options.birthOf?.(peer),
      onPeerDown: (peer, isGone) => options.onPeerDown(peer, isGone),
      onDismissed: (peer) => options.onDismissed?.(peer),
      onSuperseded: (peer) => options.onSuperseded?.(peer),
      onFailure: (peer, error) => options.onFailure?.(peer, error),
      limits: { ...PEER_LIMITS, ...options.limits },
      connector,
      clock: this.#clock,
      random: this.#random,
    });
  }

  /** Changes what is given of the link from one address to another. */
  setLink(from: string, to: string, change: Partial<LinkState>): void {
    const link = this.#link(from, to);
    const wasCut = link.state.cut;
    link.set(change);
    if (link.state.cut && !wasCut) this.#watch(link);
  }

  /** What was handed to each link so far, also what was lost. */
  *traffic(): Generator<LinkTraffic> {
    for (const [key, { messages, bytes }] of this.#links) {
      const [from, to] = JSON.parse(key) as readonly [string, string];
      yield { from, to, messages, bytes };
    }
  }

  #link(from: string, to: string): Link {
    const key = JSON.stringify([from, to]);
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link();
      this.#links.set(key, link);
    }
    return link;
  }

  /** Breaks what still runs through a link that stays cut. */
  #watch(link: Link): void {
    const { cuts } = link;
    this.#clock.after(this.#detectMs, () => {
      if (!link.state.cut || link.cuts !== cuts) return;
      for (const [connection, links] of this.#connections) {
        if (links.includes(link)) connection.break("nothing was heard for too long");
      }
    });
  }

  #connect(from: string, to: string, opening: Opening): Connection {
    const links = [this.#link(from, to), this.#link(to, from)] as const;
    const connection = new Connection(this.#clock, ...links, () => {
      this.#connections.delete(connection);
    });
    this.#connections.set(connection, links);
    if (links.some((link) => link.state.cut)) this.#expire(connection, links);
    connection.client.signal(() => {
      const server = this.#servers.get(to);
      if (server !== undefined) server.accept(connection.server, opening, from);
      else connection.server.abort(nobodyAt(to));
    });
    return connection;
  }

  /** A connection that is begun over a cut link does not outlive the time for connecting. */
  #expire(connection: Connection, links: readonly Link[]): void {
    this.#clock.after(this.#detectMs, () => {
      if (links.some((link) => link.state.cut)) connection.break("no connection came about");
    });
  }
}

function nobodyAt(address: string): MeridianError {
  return new MeridianError("REGION_UNAVAILABLE", `nobody at ${address}`, { hint: nobodyHint });
}
