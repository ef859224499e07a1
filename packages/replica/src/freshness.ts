/** Everything an origin had committed at `asOfMs` of the local clock lies at or below `index`. */
export interface Proof {
  readonly index: number;
  readonly asOfMs: number;
}

interface Known {
  /** Of the newest proof whose index is applied. */
  asOfMs: number;
  /** Proofs whose index is not applied yet, growing in index and in time. */
  waiting: Proof[];
  newest: Proof;
}

/** Proofs that wait for their index to be applied; more of them would not tighten the bound. */
const proofsMax = 64;

/**
 * Upper bounds of the age of mirrored data, per origin, without comparing the clocks of two
 * machines: a consumer sends its own monotonic time, the producer echoes it with a position, and
 * everything committed before the echo's time is included once that position is applied.
 */
export class Freshness {
  readonly #origins = new Map<string, Known>();

  /** Notes a proof. `asOfMs` is in the local monotonic clock. */
  note(origin: string, index: number, asOfMs: number): void {
    if (asOfMs === -Infinity) return;
    const proof = { index, asOfMs };
    const known = this.#origins.get(origin);
    if (known === undefined) {
      this.#origins.set(origin, { asOfMs: -Infinity, waiting: [proof], newest: proof });
      return;
    }
    if (asOfMs >= known.newest.asOfMs) known.newest = proof;
    if (asOfMs <= known.asOfMs) return;
    known.waiting = inserted(known.waiting, proof);
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
    return Math.max(0, nowMs - known.asOfMs);
  }

  /** The latest proof, applied or not: what others may be told. */
  newest(origin: string): Proof | undefined {
    return this.#origins.get(origin)?.newest;
  }
}

/**
 * The proofs with one more. Of two, one that needs no higher index and speaks of a later time says
 * all that the other does. Beyond the bound the last but one goes: if it were the first, and more
 * came than are applied, none would ever be reached.
 */
function inserted(waiting: readonly Proof[], proof: Proof): Proof[] {
  const says = (one: Proof, other: Proof): boolean =>
    one.index <= other.index && one.asOfMs >= other.asOfMs;
  if (waiting.some((known) => says(known, proof))) return [...waiting];
  const proofs = waiting.filter((known) => !says(proof, known));
  const place = proofs.findIndex(({ index }) => index > proof.index);
  proofs.splice(place < 0 ? proofs.length : place, 0, proof);
  if (proofs.length > proofsMax) proofs.splice(proofsMax - 1, 1);
  return proofs;
}
