import { between, type Chance, oneOf, type Shape, wayBetween } from "../platform/shape.ts";

/** Regions with a regional cluster; the first is home of the primary, the second the secondary. */
export const clientRegions = ["us-east", "eu-central"] as const;

const witnessRegion = "us-central";

/** Draws the sizes of a small platform: a global tier, two regions, and three to six clients. */
export function drawSmallShape(chance: Chance): Shape {
  const [first, second] = clientRegions;
  const groups = [
    { name: "primary", region: first, voters: between(chance, 1, 4) },
    { name: "secondary", region: second, voters: between(chance, 1, 4) },
    { name: "witness", region: witnessRegion, voters: 1, witness: true },
  ];
  const places = [first, second, witnessRegion];
  const delaysMs = new Map<string, number>();
  for (const a of places) {
    for (const b of places) if (a < b) delaysMs.set(wayBetween(a, b), between(chance, 2, 40));
  }
  return {
    global: { cluster: "global", voters: 0, groups },
    regional: [
      { cluster: first, voters: 3 },
      { cluster: second, voters: 1 },
    ],
    edges: [],
    clients: Array.from({ length: between(chance, 3, 7) }, () => oneOf(chance, clientRegions)),
    snapshotEntries: oneOf(chance, [40, 100, 400]),
    keptEntries: oneOf(chance, [5, 20, 100]),
    delaysMs,
  };
}
