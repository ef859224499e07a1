/** One line of a history file: what a process began, or how what it began has ended. */
export interface HistoryEvent {
  /** Who. One process has at most one operation under way. */
  readonly process: number | string;
  /**
   * `ok`: it has happened. `fail`: it has not happened and never will. `info`: nobody knows, and it
   * may still happen at any later time.
   */
  readonly type: "invoke" | "ok" | "fail" | "info";
  /** What: `read`, `write`, `cas`, `acquire`, … as the model names it. */
  readonly f: string;
  /** The object; left out: the only one. */
  readonly key?: string;
  /** Argument at `invoke`, result at `ok`. */
  readonly value?: unknown;
  /** Line of the file, from 1, for messages; left out: the place in the history. */
  readonly line?: number;
}

/** An operation that has happened, or may have. */
export interface Operation {
  readonly process: number | string;
  readonly f: string;
  /** Argument: value of the `invoke`. */
  readonly input: unknown;
  /** Result: value of the `ok`; undefined while the operation is open. */
  readonly output: unknown;
  /** Place of its beginning among all events of the history. */
  readonly invoked: number;
  /** Place of its end; `Infinity` when it is open: it may take effect at any later time. */
  readonly returned: number;
  readonly invokedLine: number;
  /** Undefined when it is open. */
  readonly returnedLine: number | undefined;
}

/** A history that says nothing: an end without a beginning and the like. The message names it. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}

/**
 * Pairs beginnings and ends, by key. Operations that failed have not happened and are left out;
 * those that ended with `info`, or not at all, stay open.
 * @throws {HistoryError} where events contradict each other.
 */
export function operationsByKey(events: readonly HistoryEvent[]): Map<string, Operation[]> {
  const pairing = new Pairing();
  events.forEach((event, place) => pairing.add(event, place));
  return pairing.finish();
}

/** The key of a history that knows only one object. */
export const onlyKey = "";

interface Begun {
  readonly event: HistoryEvent;
  readonly place: number;
}

class Pairing {
  readonly #underWay = new Map<number | string, Begun>();
  readonly #operations: { readonly key: string; readonly operation: Operation }[] = [];

  add(event: HistoryEvent, place: number): void {
    const { process, type, f } = event;
    const begun = this.#underWay.get(process);
    if (type === "invoke") {
      if (begun !== undefined) throw new HistoryError(overlap(event, place, begun));
      this.#underWay.set(process, { event, place });
      return;
    }
    if (begun === undefined) {
      throw new HistoryError(
        `line ${lineOf(event, place)}: process ${process} ends ${f} with "${type}", ` +
          "but has nothing under way; expected an earlier line of type invoke",
      );
    }
    if (f !== begun.event.f || keyOf(event, begun.event) !== keyOf(begun.event)) {
      throw new HistoryError(mismatch(event, place, begun));
    }
    this.#underWay.delete(process);
    if (type === "ok") this.#keep(begun, { event, place });
    else if (type === "info") this.#keep(begun, undefined);
  }

  finish(): Map<string, Operation[]> {
    for (const begun of this.#underWay.values()) this.#keep(begun, undefined);
    this.#operations.sort((one, other) => one.operation.invoked - other.operation.invoked);
    const byKey = new Map<string, Operation[]>();
    for (const { key, operation } of this.#operations) {
      const operations = byKey.get(key);
      if (operations === undefined) byKey.set(key, [operation]);
      else operations.push(operation);
    }
    return byKey;
  }

  #keep(begun: Begun, ended: Begun | undefined): void {
    const { event, place } = begun;
    const operation = {
      process: event.process,
      f: event.f,
      input: event.value,
      output: ended?.event.value,
      invoked: place,
      returned: ended?.place ?? Number.POSITIVE_INFINITY,
      invokedLine: lineOf(event, place),
      returnedLine: ended === undefined ? undefined : lineOf(ended.event, ended.place),
    };
    this.#operations.push({ key: keyOf(event), operation });
  }
}

/** The end of an operation need not repeat its key. */
function keyOf(event: HistoryEvent, begun?: HistoryEvent): string {
  return event.key ?? begun?.key ?? onlyKey;
}

function lineOf(event: HistoryEvent, place: number): number {
  return event.line ?? place + 1;
}

function overlap(event: HistoryEvent, place: number, begun: Begun): string {
  return (
    `line ${lineOf(event, place)}: process ${event.process} begins ${event.f} while its ` +
    `${begun.event.f} of line ${lineOf(begun.event, begun.place)} is under way; ` +
    "expected its ok, fail or info first, or another process"
  );
}

function mismatch(event: HistoryEvent, place: number, begun: Begun): string {
  const named = ({ f, key }: HistoryEvent): string => (key === undefined ? f : `${f} of "${key}"`);
  return (
    `line ${lineOf(event, place)}: process ${event.process} ends ${named(event)}, but has ` +
    `${named(begun.event)} of line ${lineOf(begun.event, begun.place)} under way`
  );
}
