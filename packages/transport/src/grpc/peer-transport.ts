import type { PeerTransport } from "../peer.ts";
import { machineClock } from "../clock.ts";
import type { PeerLimits, PeerLinkOptions } from "../peer-link.ts";
import { LinkedPeerTransport, PEER_LIMITS } from "../peer-transport.ts";
import type { Tls } from "./client-options.ts";
import { GrpcPeerConnector, PEER_CONNECTING, type PeerConnecting } from "./peer-connector.ts";

/** Who sends, where the others are, and who is told of losses. */
export interface PeerTransportOptions extends Pick<
  PeerLinkOptions,
  "identity" | "birthOf" | "onPeerDown" | "onDismissed" | "onSuperseded" | "onFailure"
> {
  /** host:port of a node; undefined when it is not known (now). Asked for every attempt. */
  resolve(node: string): string | undefined;
  readonly limits?: Partial<PeerLimits & PeerConnecting>;
  readonly tls?: Tls;
}

/**
 * Streams to the other members of a group over gRPC. Nothing connects before there is something to
 * send.
 */
export function createPeerTransport(options: PeerTransportOptions): PeerTransport {
  const limits = { ...PEER_LIMITS, ...PEER_CONNECTING, ...options.limits };
  return new LinkedPeerTransport({
    identity: options.identity,
    birthOf: (peer) => options.birthOf?.(peer),
    onPeerDown: (peer, isGone) => options.onPeerDown(peer, isGone),
    onDismissed: (peer) => options.onDismissed?.(peer),
    onSuperseded: (peer) => options.onSuperseded?.(peer),
    onFailure: (peer, error) => options.onFailure?.(peer, error),
    limits,
    connector: new GrpcPeerConnector((node) => options.resolve(node), limits, options.tls),
    clock: machineClock,
    random: Math.random,
  });
}
