import { type HistoryEvent, HistoryError } from "./history.ts";
import { canonical } from "./model.ts";

/** A history as a file has it, line by line. */
export class HistoryLines {
  readonly #events: Drafted[] = [];
  readonly #notes: string[] = [];
  #line = 0;
  #timeLast = Number.NEGATIVE_INFINITY;
  #isTimeBackwards = false;

  /**
   * Takes the next line. Empty lines and those of a fault injector say nothing.
   * @throws {HistoryError} with the line and what was expected.
   */
  add(text: string): void {
    this.#line += 1;
    const trimmed = (this.#line === 1 ? text.replace(/^\u{feff}/u, "") : text).trim();
    if (trimmed === "") return;
    const fields = this.#parse(trimmed);
    if (stripped(fields["process"]) === "nemesis") return;
    this.#events.push(this.#draft(fields));
    this.#watchTime(fields["time"]);
  }

  /**
   * All events.
   * @throws {HistoryError} when there are none.
   */
  finish(): { readonly events: readonly HistoryEvent[]; readonly notes: readonly string[] } {
    if (this.#events.length === 0) {
      throw new HistoryError(`no operations in ${this.#line} lines; ${expected}`);
    }
    const events = this.#events.map(({ hasKey, event }) => (hasKey ? event : unpaired(event)));
    const isPaired = this.#events.every((drafted) => isPair(drafted));
    return {
      events: isPaired ? events : this.#events.map(({ event }) => event),
      notes: this.#notes,
    };
  }

  #parse(text: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.#unusable(`no JSON (${(error as Error).message}); ${expected}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#unusable(`${shortened(text)} is no object; ${expected}`);
    }
    return value as Readonly<Record<string, unknown>>;
  }

  #draft(fields: Readonly<Record<string, unknown>>): Drafted {
    const { process, key } = fields;
    if (typeof process !== "number" && typeof process !== "string") {
      throw this.#wrong("process", process, "a number");
    }
    const type = stripped(fields["type"]);
    if (type !== "invoke" && type !== "ok" && type !== "fail" && type !== "info") {
      throw this.#wrong("type", fields["type"], '"invoke", "ok", "fail" or "info"');
    }
    const f = stripped(fields["f"]);
    if (typeof f !== "string" || f === "") {
      throw this.#wrong("f", fields["f"], 'the name of an operation, such as "read"');
    }
    const event = { process, type, f, value: fields["value"], line: this.#line } as const;
    const hasKey = key !== undefined && key !== null;
    if (!hasKey) return { event, hasKey };
    return { event: { ...event, key: typeof key === "string" ? key : canonical(key) }, hasKey };
  }

  /** The order of the lines is the order of the events; times that contradict it deserve a word. */
  #watchTime(time: unknown): void {
    if (typeof time !== "number") return;
    if (time < this.#timeLast && !this.#isTimeBackwards) {
      this.#isTimeBackwards = true;
      this.#notes.push(`time goes back at line ${this.#line}: the order of the lines counts`);
    }
    this.#timeLast = time;
  }

  #wrong(field: string, value: unknown, wanted: string): HistoryError {
    const found = value === undefined ? "is missing" : `is ${shortened(canonical(value))}`;
    return this.#unusable(`"${field}" ${found}; expected ${wanted}`);
  }

  #unusable(what: string): HistoryError {
    return new HistoryError(`line ${this.#line}: ${what}`);
  }
}

interface Drafted {
  readonly event: HistoryEvent;
  readonly hasKey: boolean;
}

const expected =
  'expected lines like {"process":0,"type":"invoke","f":"write","key":"k","value":1}';

/** Names as Clojure writes them have a colon in front. */
function stripped(name: unknown): unknown {
  return typeof name === "string" && name.startsWith(":") ? name.slice(1) : name;
}

/**
 * Whether a value can be `[key, value]`, as Jepsen writes the operations of many keys. A history
 * has the one form or the other in all lines.
 */
function isPair({ event: { f, type, value }, hasKey }: Drafted): boolean {
  if (hasKey) return false;
  if (type !== "invoke" && (value === undefined || value === null)) return true;
  if (!Array.isArray(value) || value.length !== 2) return false;
  return f !== "cas" || Array.isArray(value[1]);
}

function unpaired(event: HistoryEvent): HistoryEvent {
  if (!Array.isArray(event.value)) return event;
  const [key, value] = event.value as readonly unknown[];
  return { ...event, key: typeof key === "string" ? key : canonical(key), value };
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
