import type { ClientContext } from "../client-context.ts";
import { getDraft } from "../draft.ts";
import { nodeValue, type NodeValue } from "../result.ts";
import type { ReadConsistency } from "../route.ts";
import { Patience } from "./patience.ts";
import { hasCode, mayPass } from "./retry.ts";

/** Nodes that are looked up at the same time. */
const readersMax = 8;

/** Where nodes in doubt are looked up, and what is done with what is found. */
export interface DoubtOptions {
  readonly consistency: Exclude<ReadConsistency, "quorum">;
  readonly signal: AbortSignal;
  /** Makes reads show at least what the events have told. */
  observe(): void;
  /** Undefined: it is not there. */
  settle(path: string, found: NodeValue | undefined): void;
}

/**
 * Looks up nodes of which an event alone does not tell what they are now. Regions take each other's
 * writes over in different orders: a watch that goes on in another region may hear last of a value
 * that had lost before. What is read is what has won there.
 */
export class SubtreeDoubts {
  readonly #context: ClientContext;
  readonly #options: DoubtOptions;
  /** Nodes in doubt, and whether something happened to them since they were asked for. */
  readonly #open = new Map<string, "waiting" | "asked" | "changed">();
  #readers = 0;

  constructor(context: ClientContext, options: DoubtOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Something has happened to a node; what it is now is to be looked up. */
  raise(path: string): void {
    if (this.#open.has(path)) this.note(path);
    else this.#open.set(path, "waiting");
    if (this.#readers < readersMax) void this.#work();
  }

  /** What happened to a node is known for certain: what was asked for before may be older. */
  note(path: string): void {
    if (this.#open.get(path) === "asked") this.#open.set(path, "changed");
  }

  async #work(): Promise<void> {
    this.#readers += 1;
    for (let path = this.#next(); path !== undefined; path = this.#next()) {
      await this.#settle(path);
    }
    this.#readers -= 1;
  }

  #next(): string | undefined {
    for (const [path, state] of this.#open) if (state === "waiting") return path;
    return undefined;
  }

  async #settle(path: string): Promise<void> {
    const patience = new Patience(this.#context.runtime);
    const { signal } = this.#options;
    while (!signal.aborted) {
      this.#open.set(path, "asked");
      try {
        const found = await this.#read(path);
        if (this.#open.get(path) === "changed") continue;
        this.#open.delete(path);
        if (!signal.aborted) this.#options.settle(path, found);
        return;
      } catch (error) {
        // What can never be read again ends the copy, by those who find out how old it is.
        if (!mayPass(error)) break;
        await patience.wait(error, signal).catch(() => undefined);
      }
    }
    this.#open.delete(path);
  }

  async #read(path: string): Promise<NodeValue | undefined> {
    const { consistency, signal } = this.#options;
    this.#options.observe();
    const reading = { path, consistency, maxStalenessMs: undefined, signal };
    try {
      const { performer } = this.#context;
      return nodeValue(await performer.read({ ...reading, draft: () => getDraft(path) }));
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return undefined;
      throw error;
    }
  }
}
