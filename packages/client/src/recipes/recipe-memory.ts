import type { Standing } from "../standing.ts";
import { CounterLine } from "./counter-line.ts";
import { ExactWriter } from "./exact-writer.ts";

/** Lines of writes of each kind that a client remembers. */
const linesMax = 1_000;
const writerBytes = 8;

/** What is done one at a time, and can be forgotten while nothing is being done. */
interface Line {
  readonly isIdle: boolean;
}

/**
 * What the recipes of a client remember from one call to the next: the writes of one client to one
 * place go one after the other, whichever object they were asked of.
 */
export class RecipeMemory {
  readonly #standing: Standing;
  readonly #counters = new Map<string, CounterLine>();
  readonly #writers = new Map<string, ExactWriter>();
  #mark = "";

  constructor(standing: Standing) {
    this.#standing = standing;
  }

  /** The writes to a counter's node. */
  counterLine(path: string): CounterLine {
    return remembered(this.#counters, path, () => {
      return new CounterLine(this.#standing, path, this.#ownMark());
    });
  }

  /** The writes that are recorded below a path. */
  exactWriter(folder: string): ExactWriter {
    return remembered(this.#writers, folder, () => new ExactWriter(this.#standing, folder));
  }

  #ownMark(): string {
    if (this.#mark === "") {
      const { runtime } = this.#standing.get().context;
      this.#mark = Buffer.from(runtime.randomBytes(writerBytes)).toString("hex");
    }
    return this.#mark;
  }
}

function remembered<T extends Line>(lines: Map<string, T>, key: string, make: () => T): T {
  const known = lines.get(key);
  if (known !== undefined) return known;
  if (lines.size >= linesMax) {
    for (const [each, line] of lines) if (line.isIdle) lines.delete(each);
  }
  const line = make();
  lines.set(key, line);
  return line;
}
