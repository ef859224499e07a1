/** A proof that everything an origin had committed at `asOfMs` lies at or below `index`. */
interface Proof {
  readonly index: number;
  readonly asOfMs: number;
}

/** Proofs that wait for their index to be applied; more of them would not tighten the bound. */
const proofsMax = 64;

/**
 * Upper bounds of the age of mirrored data, per origin, without comparing the clocks of two machines: a consumer sends its
 * own monotonic time, the producer echoes it with a position, and everything committed before the echo's time
 * is included once that position is applied.
 */
export class Freshness {
  readonly #origins = new Map<string, { asOfMs: number; waiting: Proof[] }>();

  /** Notes a proof. `asOfMs` is in the local monotonic clock. */
  note(origin: string, index: number, asOfMs: number): void {
    let known = this.#origins.get(origin);
    if (known === undefined) {
      known = { asOfMs: -Infinity, waiting: [] };
      this.#origins.set(origin, known);
    }
    if (asOfMs <= known.asOfMs) return;
    const last = known.waiting.at(-1);
    if (last !== undefined && last.index === index) known.waiting.pop();
    known.waiting.push({ index, asOfMs: Math.max(asOfMs, last?.asOfMs ?? asOfMs) });
    if (known.waiting.length > proofsMax) known.waiting.shift();
  }

  /** Age of what is applied up to `appliedIndex` of an origin; Infinity when nothing is known. */
  ageMs(origin: string, appliedIndex: number, nowMs: number): number {
    const known = this.#origins.get(origin);
    if (known === undefined) return Infinity;
    let done = 0;
    for (const proof of known.waiting) {
      if (proof.index > appliedIndex) break;
      known.asOfMs = Math.max(known.asOfMs, proof.asOfMs);
      done += 1;
    }
    if (done > 0) known.waiting.splice(0, done);
    return nowMs - known.asOfMs;
  }

  /** Forgets an origin, for example because its history was abandoned. */
  forget(origin: string): void {
    this.#origins.delete(origin);
  }
}
