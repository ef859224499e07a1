import type { NodeId } from "@meridian/consensus";
import type { PeerFrame, PeerTransport, OutgoingSnapshot } from "../peer.ts";
import { PeerLink, type PeerLimits, type PeerLinkOptions } from "./peer-link.ts";
import { sendSnapshot } from "./snapshot-sender.ts";

/** What a peer transport does unless told otherwise. */
export const PEER_LIMITS: PeerLimits = {
  bufferedBytesMax: 16 << 20,
  messageBytesMax: 3 << 20,
  connectMs: 3000,
  backoffMsMin: 100,
  backoffMsMax: 1000,
  keepaliveMs: 2000,
  keepaliveTimeoutMs: 2000,
  snapshotStallMs: 60_000,
};

/** Who sends, where the others are, and who is told of losses. */
export interface PeerTransportOptions extends Omit<PeerLinkOptions, "limits" | "tls" | "random"> {
  readonly limits?: Partial<PeerLimits>;
  readonly tls?: PeerLinkOptions["tls"];
  /** Jitters the pauses between attempts. */
  readonly random?: () => number;
}

/** Streams to the other members of a group over gRPC. Nothing connects before there is something to send. */
export function createPeerTransport(options: PeerTransportOptions): PeerTransport {
  return new GrpcPeerTransport({
    identity: options.identity,
    resolve: (node) => options.resolve(node),
    onPeerDown: (peer) => options.onPeerDown(peer),
    onFailure: (peer, error) => options.onFailure?.(peer, error),
    limits: { ...PEER_LIMITS, ...options.limits },
    tls: options.tls,
    random: options.random ?? Math.random,
  });
}

class GrpcPeerTransport implements PeerTransport {
  readonly #options: PeerLinkOptions;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #closing = new AbortController();

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  send(to: NodeId, frame: PeerFrame): void {
    let link = this.#links.get(to);
    if (link === undefined) {
      if (this.#closing.signal.aborted) return;
      link = new PeerLink(to, this.#options);
      this.#links.set(to, link);
    }
    link.send(frame);
  }

  async sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<boolean> {
    try {
      await sendSnapshot(to, snapshot, this.#options, this.#closing.signal);
      return true;
    } catch (error) {
      this.#options.onFailure?.(to, error as Error);
      return false;
    }
  }

  close(): void {
    this.#closing.abort();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
