import { MeridianError } from "@meridian/wire";

/** The last write of one writer. */
interface Mark {
  readonly operation: number;
  /** Version of the node that it made. */
  readonly version: number;
}

/** Writers whose last write is remembered. */
const marksMax = 64;
const numberPattern = /^-?\d{1,16}$/;
const markPattern = /^([0-9a-f]{16}) (\d{1,16}) (\d{1,10})$/;

/**
 * What a counter's node holds: its value, and which write each of its latest writers did last. The
 * marks are what makes a write of unknown fate known: it is found here, or it was not done. As text
 * it is the value in the first line, which people and other programs may read and write, and a
 * writer in each line behind it.
 */
export class CounterState {
  readonly value: number;
  readonly #marks: ReadonlyMap<string, Mark>;

  constructor(value: number, marks: ReadonlyMap<string, Mark> = new Map()) {
    this.value = value;
    this.#marks = marks;
  }

  /** @throws {MeridianError} BAD_ARGUMENTS for what is no counter. */
  static decode(path: string, text: string): CounterState {
    const [first = "", ...lines] = text.trimEnd().split("\n");
    const value = first === "" ? 0 : Number(first);
    const isNumber = first === "" || numberPattern.test(first);
    const marks = new Map<string, Mark>();
    for (const line of lines) {
      const [, writer = "", operation, version] = markPattern.exec(line) ?? [];
      marks.set(writer, { operation: Number(operation), version: Number(version) });
    }
    if (isNumber && Number.isSafeInteger(value) && !marks.has("")) {
      return new CounterState(value, marks);
    }
    throw new MeridianError("BAD_ARGUMENTS", `${path} holds something else than a counter`);
  }

  encode(): string {
    const lines = [...this.#marks].map(([writer, { operation, version }]) => {
      return `${writer} ${operation} ${version}`;
    });
    return [this.value, ...lines].join("\n");
  }

  /** The state after a write that makes this version. The oldest mark makes room. */
  after(value: number, writer: string, operation: number, version: number): CounterState {
    const marks = new Map(this.#marks);
    marks.delete(writer);
    marks.set(writer, { operation, version });
    const [oldest = ""] = marks.keys();
    if (marks.size > marksMax) marks.delete(oldest);
    return new CounterState(value, marks);
  }

  /**
   * Version that a write made; "not done" if it was not; undefined when too many others have
   * written since then to tell.
   */
  fateOf(writer: string, operation: number, fromVersion: number): number | "not done" | undefined {
    const mark = this.#marks.get(writer);
    if (mark?.operation === operation) return mark.version;
    // Marks lie in the order of their writes: with an older one still here, ours would be too.
    const [oldest] = this.#marks.values();
    const isComplete = this.#marks.size < marksMax || (oldest?.version ?? 0) <= fromVersion;
    return isComplete ? "not done" : undefined;
  }
}
