import type { Ownership } from "@meridian/tree";
import { Consistency } from "@meridian/wire";
import type { Place } from "./member.ts";
import type { Refusal } from "./refusal.ts";

/** How a node serves a read. */
export type ReadPlan =
  | {
      readonly kind: "serve";
      /** Wait for a read index first. */
      readonly barrier: boolean;
      /** What the answer may call itself. */
      readonly delivered: Consistency;
      /** Cluster whose age is the answer's staleness. */
      readonly ageOf: string;
      /** The path belongs to an eventual zone: the answer reflects every region's writes. */
      readonly eventual: boolean;
    }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Decides how a node serves a read of a path, or who should. This is the table of semantics: a node
 * gives the
 * consistency asked for, or less freshness with its age stated, or refuses; it never gives less
 * than asked in silence.
 */
export function planRead(place: Place, ownership: Ownership, asked: number): ReadPlan {
  const { cluster, zone } = ownership;
  if (cluster === place.cluster && place.tier !== "edge") return planOwn(place, asked);
  if (cluster === undefined) return planEventual(place, asked);
  const mirrored = zone.replicate !== "none" && place.tier !== "global";
  if (mirrored && asked === Consistency.EVENTUAL) {
    return serve(false, Consistency.EVENTUAL, cluster, false);
  }
  if (mirrored && asked === Consistency.REGIONAL && place.tier === "regional") {
    return serve(false, Consistency.REGIONAL, cluster, false);
  }
  const to = place.tier === "edge" && asked === Consistency.REGIONAL ? place.cluster : cluster;
  return moved(place, to);
}

function planOwn(place: Place, asked: number): ReadPlan {
  if (asked === Consistency.REGIONAL || asked === Consistency.EVENTUAL) {
    return serve(false, asked, place.cluster, false);
  }
  return serve(true, Consistency.STRICT, place.cluster, false);
}

function planEventual(place: Place, asked: number): ReadPlan {
  if (asked === Consistency.STRICT) {
    return refuse({
      code: "UNSUPPORTED",
      message:
        "a strict read was asked for in an eventual zone: ask for quorum, regional or eventual",
    });
  }
  if (place.tier === "global") return moved(place, "");
  if (asked === Consistency.EVENTUAL || asked === Consistency.UNSPECIFIED) {
    return serve(false, Consistency.EVENTUAL, place.cluster, true);
  }
  if (place.tier === "edge") return moved(place, place.cluster);
  return serve(true, Consistency.REGIONAL, place.cluster, true);
}

function serve(
  barrier: boolean,
  delivered: Consistency,
  ageOf: string,
  eventual: boolean,
): ReadPlan {
  return { kind: "serve", barrier, delivered, ageOf, eventual };
}

function refuse(refusal: Refusal): ReadPlan {
  return { kind: "refuse", refusal };
}

function moved(place: Place, cluster: string): ReadPlan {
  const owner = cluster === "" ? "a regional cluster" : `cluster ${cluster}`;
  return refuse({
    code: "MOVED",
    message: `${place.node} cannot serve this read with the consistency asked for: ask ${owner}`,
    hint: cluster,
  });
}
