import type { NodeId } from "@meridian/consensus";
import {
  MeridianError,
  PeerService,
  type Encodable,
  type IMeetResponse,
  type IRefoundRequest,
  type IRefoundResponse,
  type Method,
} from "@meridian/wire";
import { EntryPacker } from "./entry-packer.ts";
import { helloTo } from "./hello.ts";
import { encodeEntries } from "./peer-codec.ts";
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

/** What is asked of a peer and takes longer is given up. */
const CALL_MS = 3_000;

/** Streams to the other members of a group. Nothing connects before there is something to send. */
export class LinkedPeerTransport implements PeerTransport {
  readonly #options: PeerLinkOptions;
  readonly #packer: EntryPacker;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #closing = new AbortController();

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#packer = new EntryPacker(options.clock, encodeEntries);
  }

  send(to: NodeId, frame: PeerFrame): void {
    let link = this.#links.get(to);
    if (link === undefined) {
      if (this.#closing.signal.aborted) return;
      link = new PeerLink(to, this.#options, this.#packer);
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

  meet(to: NodeId, birth: string): Promise<IMeetResponse> {
    const hello = helloTo(to, this.#options);
    return this.#call(to, PeerService.meet, { hello, birth });
  }

  refound(
    to: NodeId,
    incarnation: number,
    request: Encodable<Omit<IRefoundRequest, "hello">>,
  ): Promise<IRefoundResponse> {
    const hello = helloTo(to, this.#options, incarnation);
    return this.#call(to, PeerService.refound, { ...request, hello });
  }

  close(): void {
    this.#closing.abort();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  async #call<Request, Response>(
    to: NodeId,
    { path, request, response }: Method<Request, Response>,
    message: Encodable<Request>,
  ): Promise<Response> {
    if (this.#closing.signal.aborted) throw new MeridianError("REGION_UNAVAILABLE", "closed");
    const bytes = request.encode(message);
    return response.decode(await this.#options.connector.call(to, path, bytes, CALL_MS));
  }
}
