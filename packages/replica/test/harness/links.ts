import type { LinkState } from "@meridian/transport";
import type { Scene } from "./scene.ts";

/** Cuts of links for several reasons at once: a link is whole again when none is left. */
export class Links {
  readonly #scene: Scene;
  readonly #addressOf: (name: string) => string;
  /** Reasons by link. */
  readonly #reasons = new Map<string, Set<string>>();

  /** `addressOf` gives the address of what a test calls by a name; by default that is the name. */
  constructor(scene: Scene, addressOf: (name: string) => string = (name) => name) {
    this.#scene = scene;
    this.#addressOf = addressOf;
  }

  /** What goes from one to another takes so long. */
  delay(from: string, to: string, delayMs: number): void {
    if (from !== to) this.#set(from, to, { delayMs });
  }

  /** Cuts the way from one to another. */
  cut(reason: string, from: string, to: string): void {
    if (from === to) return;
    const key = JSON.stringify([from, to]);
    const reasons = this.#reasons.get(key) ?? new Set();
    this.#reasons.set(key, reasons.add(reason));
    this.#set(from, to, { cut: true });
  }

  /** Cuts both ways between each of some and each of others. */
  part(reason: string, some: readonly string[], others: readonly string[]): void {
    for (const one of some) {
      for (const other of others) {
        this.cut(reason, one, other);
        this.cut(reason, other, one);
      }
    }
  }

  /** Takes back what was cut for a reason; of all links or of those that a test picks. */
  mend(reason: string, picks: (from: string, to: string) => boolean = () => true): void {
    for (const [key, reasons] of this.#reasons) {
      const [from = "", to = ""] = JSON.parse(key) as readonly string[];
      if (!reasons.has(reason) || !picks(from, to)) continue;
      reasons.delete(reason);
      if (reasons.size > 0) continue;
      this.#reasons.delete(key);
      this.#set(from, to, { cut: false });
    }
  }

  /** Takes everything back. */
  mendAll(): void {
    const reasons = new Set([...this.#reasons.values()].flatMap((some) => [...some]));
    for (const reason of reasons) this.mend(reason);
  }

  #set(from: string, to: string, change: Partial<LinkState>): void {
    this.#scene.network.setLink(this.#addressOf(from), this.#addressOf(to), change);
  }
}
