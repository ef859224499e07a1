import { PeerFrame } from "@meridian/wire";
import { peerFrameFromWire } from "./peer-codec.ts";
import type { PeerMember } from "./service.ts";
import { departed, memberFor } from "./stranger.ts";

/** The streams that peers have open towards the members of one server. */
export class PeerInboxes {
  readonly #members: ReadonlyMap<string, PeerMember>;
  readonly #open = new Map<string, PeerInbox>();

  constructor(members: ReadonlyMap<string, PeerMember>) {
    this.#members = members;
  }

  /** A stream begins. `cut` ends it: the same peer has opened another. */
  add(cut: () => void): PeerInbox {
    return new PeerInbox(this.#members, this.#open, cut);
  }
}

/** A leader that leaves still has to hand over; more frames than that have no purpose. */
const lastWordsMax = 8;

/** One stream from a peer. */
export class PeerInbox {
  readonly cut: () => void;
  /** Frames that came from a node that had left. */
  #lastWords = 0;
  readonly #members: ReadonlyMap<string, PeerMember>;
  readonly #open: Map<string, PeerInbox>;
  #sender: { readonly key: string; readonly from: string; readonly member: PeerMember } | undefined;

  constructor(
    members: ReadonlyMap<string, PeerMember>,
    open: Map<string, PeerInbox>,
    cut: () => void,
  ) {
    this.#members = members;
    this.#open = open;
    this.cut = cut;
  }

  /**
   * Hands one frame to the member that it is for.
   * @throws {StrangerError} for the first.
   * @throws {WireError} when it cannot be read.
   * @throws {MeridianError} UNSUPPORTED: it is of a newer version; TOO_LARGE or CORRUPT: what is
   *   packed in it is too much or damaged.
   */
  receive(bytes: Buffer): void {
    const frame = PeerFrame.decode(bytes);
    if (this.#sender === undefined) {
      const { hello } = frame;
      const member = memberFor(hello, this.#members);
      const { cluster = "", from = "", address = "" } = hello ?? {};
      const { handsOn = false, unpacks = false } = hello ?? {};
      if (member.hasLeft?.(from) === true) throw departed(from);
      member.onHello?.(from, address, { handsOn, unpacks });
      this.#sender = { key: `${cluster}/${from}`, from, member };
      // A peer that comes back while its old connection seems alive must not be heard twice.
      const old = this.#open.get(this.#sender.key);
      this.#open.set(this.#sender.key, this);
      old?.cut();
      return;
    }
    const { member, from } = this.#sender;
    if (member.hasLeft?.(from) === true) this.#hearDeparted(from);
    member.handler.onFrame(from, peerFrameFromWire(frame));
  }

  /** Whoever goes on talking after having left does not know it. */
  #hearDeparted(from: string): void {
    this.#lastWords += 1;
    if (this.#lastWords > lastWordsMax) throw departed(from);
  }

  /** The stream is over. */
  close(): void {
    const key = this.#sender?.key ?? "";
    if (this.#open.get(key) === this) this.#open.delete(key);
  }
}
