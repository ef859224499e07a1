import { type Position, type Tree, validatePath } from "@meridian/tree";
import type { IWatch } from "@meridian/wire";
import type { FramePacker } from "./frame-packer.ts";
import type { Refusal } from "./refusal.ts";
import { isKnownKind, isOnce } from "./watch-events.ts";
import {
  type CatchUp,
  type RegisteredWatch,
  type WatchRegistry,
  watchesPerStreamMax,
  type WatchSink,
} from "./watch-registry.ts";
import { WatchReport } from "./watch-report.ts";

/** What the watches of a stream need of their node. */
export interface WatchSource {
  readonly watches: WatchRegistry;
  readonly member: { readonly tree: Tree };
  position(): Position;
}

/** The watches of one stream: at most one of them is on its way to the present. */
export class StreamWatches implements WatchSink {
  readonly #source: WatchSource;
  readonly #packer: FramePacker;
  readonly #onReport: () => void;
  readonly #watches = new Map<number, RegisteredWatch>();
  #catchUp: CatchUp | undefined;

  /** `onReport` runs when the packer was given something. */
  constructor(source: WatchSource, packer: FramePacker, onReport: () => void) {
    this.#source = source;
    this.#packer = packer;
    this.#onReport = onReport;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** A watch is still told of the past: until it is done, the stream starts and reads nothing. */
  get isCatchingUp(): boolean {
    return this.#catchUp !== undefined;
  }

  /** Why a watch cannot be taken whatever happens; undefined: it may be. */
  refuse({ path, kind }: IWatch): Refusal | undefined {
    const fault = validatePath(path);
    if (fault !== undefined) return { code: "BAD_PATH", message: fault };
    if (isKnownKind(kind)) return undefined;
    return { code: "UNSUPPORTED", message: `this version knows no watches of kind ${kind}` };
  }

  /** Takes a watch that was not refused. It is told nothing before `catchUp`, which follows. */
  open(id: number, watch: IWatch): Refusal | undefined {
    const { watches, member } = this.#source;
    const full = this.#refuseOneMore(id);
    if (full !== undefined) return full;
    const outcome = watches.open(id, watch, member.tree, this.#source.position(), this);
    if (!outcome.ok) return outcome.refusal;
    this.#watches.set(id, outcome.watch);
    this.#catchUp = outcome.catchUp;
    return undefined;
  }

  #refuseOneMore(id: number): Refusal | undefined {
    if (this.#watches.has(id)) {
      return { code: "BAD_ARGUMENTS", message: `watch ${id} exists already on this stream` };
    }
    if (this.#watches.size < watchesPerStreamMax) return undefined;
    const message = `a stream may have ${watchesPerStreamMax} watches`;
    return { code: "QUOTA_EXCEEDED", message };
  }

  /** Tells the watch that was opened last of the past, about `roomBytes` of it. */
  catchUp(roomBytes: number): void {
    const catchUp = this.#catchUp;
    if (catchUp === undefined) return;
    const { member } = this.#source;
    const outcome = catchUp.run(member.tree, this.#source.position(), roomBytes);
    if (outcome === "more") return;
    this.#catchUp = undefined;
    if (outcome === "done") return;
    this.#watches.delete(catchUp.watch.id);
    this.#tell(catchUp.watch.id, WatchReport.ofEnd(outcome, []));
  }

  deliver(watch: RegisteredWatch, report: WatchReport): void {
    if (report.hasEvents && isOnce(watch.kind)) this.#watches.delete(watch.id);
    this.#tell(watch.id, report);
  }

  /** Tells all that are in the present how far their node is. */
  progress(report: WatchReport): void {
    const late = this.#catchUp?.watch.id;
    for (const id of this.#watches.keys()) if (id !== late) this.#tell(id, report);
  }

  /** Whether a watch is the one that is still told of the past. */
  isLate(id: number): boolean {
    return this.#catchUp?.watch.id === id;
  }

  /** Ends a watch at its owner's wish. */
  end(id: number): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    if (this.isLate(id)) this.#catchUp = undefined;
    else this.#source.watches.remove(watch);
  }

  /**
   * The reader is too slow: what waits for it is dropped, and each watch that loses something ends
   * with the position before that, from which it can go on.
   */
  cut(): void {
    for (const [id, { position }] of this.#packer.dropReports()) {
      const told = position === undefined || position.index === 0 ? [] : [before(position)];
      this.end(id);
      this.#tell(id, WatchReport.ofEnd(tooSlow(), told));
    }
  }

  /** Ends all of them. */
  clear(): void {
    for (const id of this.#watches.keys()) this.end(id);
  }

  #tell(id: number, report: WatchReport): void {
    this.#packer.report(id, report);
    this.#onReport();
  }
}

/** Why a watch or a stream of a reader that does not read ends. */
export function tooSlow(): Refusal {
  const message = "the events were not taken: watch again from the last positions";
  return { code: "OVERLOADED", message, retryAfterMs: 100 };
}

function before(position: Position): Position {
  return { ...position, index: position.index - 1 };
}
