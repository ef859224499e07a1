/** What is the same for all states of a member, follows from the rest, or is only scratch space. */
const ignored = new Set([
  "id",
  "random",
  "timing",
  "limits",
  "codec",
  "trace",
  "quorum",
  "voters",
  "isWitness",
  "opened_stable",
  "opened_log",
  "opened_durableSequence",
  // Clocks that nothing here waits for.
  "electionElapsed",
  "electionTimeout",
  "heartbeatElapsed",
]);

/** Ticks of the past count by how long ago they were, up to a lease. */
const moments = new Set(["heardTick", "activeTick"]);

/** Writes count by how many before them are not done; those that are done are all alike. */
const writes = new Set(["opened_writtenIn", "opened_lastSequence", "sequence"]);

/**
 * Everything that what a member does next can depend on, as text; equal texts mean equal behaviour.
 * Takes the core of a member with its private fields opened, after a `Ready`, and the writes that
 * wait.
 */
export function fingerprint(core: object, waiting: readonly object[], leaseTicks: number): string {
  const { now, durability } = core as Opened;
  const done = durability.opened_durableSequence;
  const seen = new Set<object>();
  const write = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
    if (seen.has(value)) return "seen";
    if (value instanceof Map) return [...value].map((pair) => pair.map(write));
    if (value instanceof Set) return [...value].map(write);
    if (Array.isArray(value)) return value.map(write);
    seen.add(value);
    const fields = Object.entries(isRing(value) ? unroll(value) : value).flatMap(
      ([name, field]) => {
        if (ignored.has(name) || name === "now" || typeof field === "function") return [];
        if (moments.has(name)) return [[name, Math.min(now - Number(field), leaseTicks)]];
        if (writes.has(name)) return [[name, Math.max(Number(field) - done, 0)]];
        return [[name, write(field)]];
      },
    );
    seen.delete(value);
    return Object.fromEntries(fields) as unknown;
  };
  return JSON.stringify([write(core), write(waiting)]);
}

interface Opened {
  readonly now: number;
  readonly durability: { readonly opened_durableSequence: number };
}

interface Ring {
  readonly opened_start: number;
  readonly opened_count: number;
  readonly opened_indexes: readonly number[];
  readonly opened_sizes: readonly number[];
  readonly opened_countMax: number;
}

/** Appends on their way are kept in a ring: where it begins does not matter. */
function isRing(value: object): value is Ring {
  return "opened_sizes" in value;
}

function unroll(ring: Ring): object {
  return Array.from({ length: ring.opened_count }, (_, offset) => {
    const at = (ring.opened_start + offset) % ring.opened_countMax;
    return [ring.opened_indexes[at], ring.opened_sizes[at]];
  });
}
