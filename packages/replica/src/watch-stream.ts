import type { FrameStream, WatchHandler } from "@meridian/transport";
import { type Encodable, type IWatch, type IWatchEvents, MeridianError } from "@meridian/wire";
import type { Refusal } from "./refusal.ts";
import { tooSlow, type WatchSource } from "./stream-watches.ts";
import { isOnce } from "./watch-events.ts";
import type { CatchUp, RegisteredWatch, WatchSink } from "./watch-registry.ts";
import type { WatchReport } from "./watch-report.ts";

/** Events that the client has not taken; beyond it the stream is cut. */
const bufferedBytesMax = 1024 * 1024;
/** While so much is on its way, the past waits. */
const windowBytes = 128 * 1024;
/** A watch that its client knows without an id. */
const watchId = 1;

/** A watch with a stream of its own and without a session. */
export class WatchStream implements WatchSink, WatchHandler {
  readonly #source: WatchSource;
  readonly #stream: FrameStream<Encodable<IWatchEvents>>;
  readonly #onEnd: () => void;
  #watch: RegisteredWatch | undefined;
  #catchUp: CatchUp | undefined;
  #isOver = false;

  /** `onEnd` runs once, when the stream is over. */
  constructor(
    source: WatchSource,
    stream: FrameStream<Encodable<IWatchEvents>>,
    onEnd: () => void,
  ) {
    this.#source = source;
    this.#stream = stream;
    this.#onEnd = onEnd;
  }

  /** Begins to report. */
  open(request: IWatch): void {
    const { watches, member } = this.#source;
    const own = this.#source.position();
    const outcome = watches.open(watchId, request, member.tree, own, this);
    if (!outcome.ok) return this.close(outcome.refusal);
    this.#watch = outcome.watch;
    this.#catchUp = outcome.catchUp;
    this.goOn();
  }

  /** Tells of the past as much as the client takes. */
  goOn(): void {
    while (this.#catchUp !== undefined && this.#stream.bufferedBytes < windowBytes) {
      const { member } = this.#source;
      const catchUp = this.#catchUp;
      const outcome = catchUp.run(member.tree, this.#source.position(), windowBytes);
      // What it was told may have ended it.
      if (this.#isOver) return this.#source.watches.remove(catchUp.watch);
      if (outcome === "more") continue;
      this.#catchUp = undefined;
      if (outcome !== "done") this.close(outcome);
    }
  }

  deliver(watch: RegisteredWatch, report: WatchReport): void {
    if (this.#isOver) return;
    this.#stream.send({ watch: watchId, ...report.content });
    if (report.hasEvents && isOnce(watch.kind)) this.#finish(undefined);
    else if (this.#stream.bufferedBytes > bufferedBytesMax) this.close(tooSlow());
  }

  /** Tells how far the node is, unless the client has still to be told of the past. */
  progress(report: WatchReport): void {
    if (this.#isOver || this.#catchUp !== undefined || this.#stream.bufferedBytes > 0) return;
    this.#stream.send({ watch: watchId, ...report.content });
  }

  /** Ends it with a reason. */
  close({ code, message }: Refusal): void {
    this.#finish(new MeridianError(code, message));
  }

  onDrain(): void {
    this.goOn();
  }

  onClose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#catchUp = undefined;
    if (this.#watch !== undefined) this.#source.watches.remove(this.#watch);
    this.#onEnd();
  }

  #finish(error: MeridianError | undefined): void {
    this.onClose();
    this.#stream.close(error);
  }
}
