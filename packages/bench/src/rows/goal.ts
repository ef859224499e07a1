import type { Figures, Row } from "../row.ts";

/** How many times better Meridian has to be than a peer. */
export type Margins = Readonly<Partial<Record<"zookeeper" | "etcd", number>>>;

/**
 * How many times better one figure is than another: above 1 means better, whichever way a row
 * counts. Undefined when there is nothing to compare.
 */
export function ratio(
  better: Row["better"],
  own: number | null,
  peer: number | null,
): number | undefined {
  if (own === null || peer === null || own <= 0 || peer <= 0) return undefined;
  return better === "higher" ? own / peer : peer / own;
}

/** Judges by margins: null as soon as one of the peers has no figure, unless another one failed. */
export function byMargins(better: Row["better"], margins: Margins): Row["judge"] {
  return (figures: Figures) => {
    const verdicts = (["zookeeper", "etcd"] as const).flatMap((peer) => {
      const margin = margins[peer];
      if (margin === undefined) return [];
      const times = ratio(better, figures.meridian, figures[peer]);
      return [times === undefined ? null : times >= margin];
    });
    if (verdicts.includes(false)) return false;
    return verdicts.includes(null) ? null : true;
  };
}

/** Judges Meridian's figure by itself. */
export function byBound(better: Row["better"], bound: number): Row["judge"] {
  return ({ meridian }) => {
    if (meridian === null) return null;
    return better === "higher" ? meridian >= bound : meridian <= bound;
  };
}
