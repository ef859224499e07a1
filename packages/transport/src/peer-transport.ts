import type { NodeId } from "@meridian/consensus";
import { MeridianError, PeerService, type IMeetResponse } from "@meridian/wire";
import type { OutgoingSnapshot, PeerFrame, PeerTransport } from "./peer.ts";
import { PeerLink, type PeerLimits, type PeerLinkOptions } from "./peer-link.ts";
import { sendSnapshot } from "./snapshot-sender.ts";

/** What a peer transport does unless told otherwise. */
export const PEER_LIMITS: PeerLimits = {
  bufferedBytesMax: 16 << 20,
  messageBytesMax: 3 << 20,
  backoffMsMin: 100,
  backoffMsMax: 1000,
  snapshotStallMs: 60_000,
};

/** An introduction that takes longer is tried again. */
const MEET_MS = 3_000;

/** Streams to the other members of a group. Nothing connects before there is something to send. */
export class LinkedPeerTransport implements PeerTransport {
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
    if (this.#closing.signal.aborted) return false;
    try {
      await sendSnapshot(to, snapshot, this.#options, this.#closing.signal);
      return true;
    } catch (error) {
      this.#options.onFailure?.(to, error as Error);
      return false;
    }
  }

  async meet(to: NodeId, birth: string): Promise<IMeetResponse> {
    const { connector, identity } = this.#options;
    if (this.#closing.signal.aborted) throw new MeridianError("REGION_UNAVAILABLE", "closed");
    const { cluster, incarnation, node: from } = identity;
    const { path, request, response } = PeerService.meet;
    const bytes = request.encode({ hello: { cluster, incarnation, from, to }, birth });
    return response.decode(await connector.call(to, path, bytes, MEET_MS));
  }

  close(): void {
    this.#closing.abort();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
