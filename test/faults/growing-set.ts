import type { Meridian } from "@meridian/client";

import { outcomeOf, type Recorder } from "./recorder.ts";

/** The part of a client that is needed. */
type Client = Pick<Meridian, "children" | "create">;

/** A folder to which nodes are added, each with a name of its own. */
export class GrowingSet {
  readonly path: string;
  readonly #acknowledged = new Set<string>();
  readonly #refused = new Set<string>();
  #added = 0;

  constructor(path: string) {
    this.path = path;
  }

  async prepare(client: Client): Promise<void> {
    await client.create(this.path, "", { parents: true });
  }

  /** Adds an element. Whether it was acknowledged. */
  async add(client: Client, recorder: Recorder): Promise<boolean> {
    const name = `e${this.#added}`;
    this.#added += 1;
    // With the deadline that callers have who do not say: it outlasts a takeover.
    const outcome = await outcomeOf(() => client.create(`${this.path}/${name}`, name));
    recorder.count(outcome);
    if (outcome.fate === "applied") this.#acknowledged.add(name);
    else if (outcome.fate === "refused") this.#refused.add(name);
    return outcome.fate === "applied";
  }

  /** What is wrong with it; empty when all that was acknowledged is there and nothing refused. */
  async broken(reader: Client): Promise<readonly string[]> {
    const { names } = await reader.children(this.path, { consistency: "strict" });
    const present = new Set(names);
    const missing = [...this.#acknowledged].filter((name) => !present.has(name));
    const applied = [...this.#refused].filter((name) => present.has(name));
    return [
      ...missing.map((name) => `${this.path}/${name} was acknowledged and is not there`),
      ...applied.map((name) => `${this.path}/${name} was refused and is there`),
    ];
  }
}
