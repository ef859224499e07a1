import type { OpenFollow } from "@meridian/replica";
import type { FrameStream } from "@meridian/transport";
import { type Encodable, type IFollowFrame, OpenOutcome } from "@meridian/wire";

/** What a way back is looked for with. */
export interface WayBackOptions {
  /** Name of this edge, for the producer's status page. */
  readonly consumer: string;
  readonly region: string;
  readonly cluster: string;
  /** Members of the cluster. */
  readonly producers: readonly OpenFollow[];
  /** One of them can be followed. */
  readonly onFound: () => void;
}

/**
 * Finds out whether a cluster can be followed, by asking one of its members after the other. It
 * gives them no credit, so that they send nothing but their answer.
 */
export class WayBack {
  readonly #options: WayBackOptions;
  #stream: FrameStream<Encodable<IFollowFrame>> | undefined;
  #attempt = 0;

  constructor(options: WayBackOptions) {
    this.#options = options;
  }

  /** Asks the next member. A question that is still open is given up. */
  look(): void {
    this.stop();
    const { producers, consumer, region, cluster, onFound } = this.#options;
    const producer = producers[this.#attempt % producers.length];
    this.#attempt += 1;
    if (producer === undefined) return;
    const stream = producer({
      onFrame: ({ opened }) => {
        if (this.#stream !== stream || opened === undefined) return;
        const { outcome } = opened;
        this.stop();
        if (outcome === OpenOutcome.CONTINUE || outcome === OpenOutcome.COMPACTED) onFound();
      },
      onClose: () => {
        if (this.#stream === stream) this.#stream = undefined;
      },
    });
    this.#stream = stream;
    const from = { cluster, incarnation: 0, index: 0 };
    stream.send({ open: { consumer, region, ownOnly: false, from } });
  }

  /** Asks nobody any more. */
  stop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close(new Error("it was only asked"));
  }
}
