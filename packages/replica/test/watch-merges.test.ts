import { WatchKind } from "@meridian/wire";
import { expect, test } from "vitest";
import {
  Edge,
  exchange,
  fleet,
  nodesOf,
  type Place,
  type Region,
  Watcher,
} from "./harness/wandering.ts";

/** The same value everywhere, and one that loses against what the watcher sees at ap. */
function lostAtUs(write: (ap: Region) => void): { us: Region; watcher: Watcher } {
  const [ap, eu, us] = fleet();
  ap.put("/shared/a", "first", 1_000);
  eu.pull(ap);
  us.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  eu.put("/shared/a", "lost", 2_000);
  us.pull(eu);
  write(ap);
  us.pull(ap);
  return { us, watcher };
}

test("a value that lost against one that the watcher knows is not told elsewhere", () => {
  const { us, watcher } = lostAtUs((ap) => ap.put("/shared/a", "won", 3_000));
  watcher.move(us);
  expect(watcher.told).toEqual(["changed /shared/a won"]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

test("a value that lost against a deletion that the watcher knows is not told elsewhere", () => {
  const { us, watcher } = lostAtUs((ap) => ap.delete("/shared/a", 3_000));
  watcher.move(us);
  expect(watcher.told).toEqual(["deleted /shared/a"]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

test("nor is it at an edge, which keeps no tombstones", () => {
  const [ap, eu, us] = fleet();
  for (const path of ["/shared/a", "/shared/b"]) ap.put(path, "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  exchange([ap, eu, us]);
  const watcher = new Watcher();
  const edge = new Edge(us);
  ap.pull(us);
  watcher.move(ap);
  for (const path of ["/shared/a", "/shared/b"]) eu.put(path, "lost", 2_000);
  us.pull(eu);
  edge.catchUp();
  ap.delete("/shared/a", 3_000);
  ap.put("/shared/b", "won", 3_000);
  us.pull(ap);
  edge.catchUp();
  watcher.move(edge);
  expect(watcher.told).toEqual(["deleted /shared/a", "changed /shared/b won"]);
});

test("what the watcher has not seen is told up to what won, losers first", () => {
  const [ap, eu, us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  eu.put("/shared/a", "lost", 2_000);
  us.pull(eu);
  us.put("/shared/a", "won", 3_000);
  watcher.move(us);
  expect(watcher.told).toEqual(["created /shared/a lost", "changed /shared/a won"]);
});

test("what this node has yet to merge is told again when something was told before it", () => {
  const [ap, eu, us] = fleet();
  for (const path of ["/shared/a", "/shared/b"]) ap.put(path, "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "won", 3_000);
  ap.delete("/shared/b", 3_000);
  watcher.told = [];
  eu.put("/shared/a", "lost", 2_000);
  eu.put("/shared/b", "lost", 2_000);
  us.pull(eu);
  watcher.move(us);
  us.pull(ap);
  expect(watcher.told).toEqual([
    "changed /shared/a lost",
    "changed /shared/b lost",
    "changed /shared/a won",
    "deleted /shared/b",
  ]);
  us.put("/shared/a", "later", 4_000);
  expect(watcher.told.slice(4)).toEqual(["changed /shared/a later"]);
});

test("also when it comes while the watcher is still being told of what it missed", () => {
  const [ap, eu, us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "won", 3_000);
  for (const name of ["a", "b", "c"]) eu.put(`/shared/${name}`, "from eu", 2_000);
  us.pull(eu);
  watcher.move(us, 1, () => us.pull(ap));
  expect(watcher.nodes).toEqual(nodesOf(us));
  expect(watcher.nodes.get("/shared/a")).toBe("won");
});

test("what was seen elsewhere is not told again when nothing came between", () => {
  const [ap, , us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "1", 3_000);
  watcher.move(us);
  us.pull(ap);
  ap.put("/shared/a", "2", 3_001);
  us.pull(ap);
  expect(watcher.told).toEqual(["created /shared/a 1", "changed /shared/a 2"]);
});

for (const kind of [WatchKind.CHILD, WatchKind.PERSISTENT]) {
  test(`a child that is known to be gone is no news of the set of children (${kind})`, () => {
    const [ap, eu, us] = fleet();
    ap.put("/shared/p/c", "first", 1_000);
    for (const region of [eu, us]) region.pull(ap);
    us.delete("/shared/p/c", 1_500);
    eu.pull(us);
    eu.put("/shared/p/c", "lost", 2_000);
    const watcher = new Watcher(kind, "/shared/p");
    watcher.move(ap);
    us.pull(eu);
    ap.delete("/shared/p/c", 3_000);
    us.pull(ap);
    watcher.told = [];
    // A one-shot watch has fired: what follows is another one that begins where that ended.
    watcher.move(us);
    expect(watcher.told).toEqual([]);
    us.put("/shared/p/d", "", 4_000);
    expect(watcher.told).toEqual(["children /shared/p"]);
  });
}

test("a parent that lives on for a child is told of to who has seen it go", () => {
  const [ap, eu, us] = fleet();
  ap.put("/shared/p/c", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const [watcher, ofSet] = [new Watcher(), new Watcher(WatchKind.PERSISTENT)];
  for (const each of [watcher, ofSet]) each.move(ap);
  ap.delete("/shared/p/c", 3_000);
  ap.delete("/shared/p", 3_000);
  eu.put("/shared/p/d", "new", 2_000);
  us.pull(eu);
  us.pull(ap);
  ofSet.told = [];
  for (const each of [watcher, ofSet]) each.move(us);
  expect(nodesOf(us)).toEqual(
    new Map([
      ["/shared/p", ""],
      ["/shared/p/d", "new"],
    ]),
  );
  expect(watcher.nodes).toEqual(new Map([...watcher.nodes, ...nodesOf(us)]));
  expect(watcher.nodes.has("/shared/p")).toBe(true);
  expect(ofSet.told).toEqual(["children /shared"]);
});

test("also when that child is heard of first, and of the going of the parent later", () => {
  const [ap, eu, us] = fleet();
  ap.put("/shared/p/c", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  ap.delete("/shared/p/c", 3_000);
  ap.delete("/shared/p", 3_000);
  eu.put("/shared/p/d", "new", 2_000);
  us.pull(eu);
  watcher.move(us);
  us.pull(ap);
  expect(watcher.nodes).toEqual(nodesOf(us));
});
/** A register at ap that a child from elsewhere outlives, and a watcher that has seen both. */
function outlived(): { regions: readonly [Region, Region, Region]; watcher: Watcher } {
  const regions = fleet();
  const [ap, eu, us] = regions;
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/p", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  return { regions, watcher };
}

test("a value whose going is yet to be heard of is told as gone where a child keeps it", () => {
  const { regions, watcher } = outlived();
  const [ap, eu, us] = regions;
  eu.delete("/shared/p", 2_000);
  us.pull(eu);
  ap.put("/shared/p/c", "kept", 2_500);
  us.pull(ap);
  watcher.move(us);
  expect(watcher.told).toEqual([
    "created /shared/p first",
    "created /shared/p/c kept",
    "changed /shared/p",
  ]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

test("a parent that was blank elsewhere is told as gone with its last child", () => {
  const { regions, watcher } = outlived();
  const [ap, eu, us] = regions;
  eu.put("/shared/p/c", "short", 1_500);
  ap.delete("/shared/p", 2_000);
  for (const region of [ap, us]) region.pull(eu);
  expect(watcher.nodes).toEqual(nodesOf(ap));
  eu.delete("/shared/p/c", 3_000);
  us.pull(eu);
  us.pull(ap);
  watcher.told = [];
  watcher.move(us);
  expect(watcher.told).toEqual(["deleted /shared/p/c", "deleted /shared/p"]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

for (const kind of [WatchKind.EXISTS, WatchKind.PERSISTENT]) {
  test(`a parent that goes blank is told of where no child is reported (${kind})`, () => {
    const [ap, eu, us] = fleet();
    ap.put("/shared/p/q/c", "first", 1_000);
    for (const region of [eu, us]) region.pull(ap);
    const watcher = new Watcher(kind, "/shared/p");
    watcher.move(ap);
    for (const path of ["/shared/p/q/c", "/shared/p/q", "/shared/p"]) ap.delete(path, 3_000);
    expect(watcher.told.at(-1)).toBe("deleted /shared/p");
    eu.put("/shared/p/q/d", "new", 2_000);
    us.pull(eu);
    watcher.told = [];
    watcher.move(us);
    us.pull(ap);
    expect(watcher.told).toEqual(["changed /shared/p"]);
  });
}

test("who was told of a blank node by a node that is behind goes on from where that one is", () => {
  const [ap, eu, us] = fleet();
  ap.put("/shared/p", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  us.put("/shared/p/c", "kept", 1_500);
  ap.pull(us);
  const watcher = new Watcher();
  watcher.move(ap);
  eu.delete("/shared/p", 2_000);
  ap.put("/shared/p", "won", 3_000);
  us.pull(eu);
  watcher.move(us);
  expect(watcher.told).toEqual(["changed /shared/p won", "changed /shared/p"]);
  ap.pull(eu);
  watcher.move(ap);
  watcher.nodes.set("/shared/p/c", "kept");
  expect(watcher.nodes).toEqual(nodesOf(ap));
});

function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/**
 * Three regions and an edge of each that write, merge and lag; a watcher that goes about, and stays
 * everywhere until that place has come as far as it had been before.
 */
function wander(seed: number): { watcher: Watcher; places: readonly Place[] } {
  const draw = random(seed);
  const regions = fleet();
  const edges = regions.map((region) => new Edge(region));
  const places = [...regions, ...edges];
  const watcher = new Watcher();
  let at = draw(6);
  watcher.move(places[at]!);
  for (let step = 0; step < 80; step += 1) {
    const region = regions[draw(3)]!;
    const path = `/shared/${"abc"[draw(3)]}${draw(3) === 0 ? `/${"xy"[draw(2)]}` : ""}`;
    const timeMs = 1_000 + step + draw(20);
    if (draw(3) === 0) region.delete(path, timeMs);
    else region.put(path, `${step}`, timeMs);
    const other = regions[draw(3)]!;
    if (other !== region) region.pull(other);
    if (draw(2) === 0) edges[draw(3)]!.catchUp();
    if (draw(4) !== 0) continue;
    at = draw(6);
    const mergeSome = (): void => {
      if (draw(2) !== 0) return;
      regions[at % 3]!.pull(regions[(at + 1) % 3]!);
      edges[at % 3]!.catchUp();
    };
    watcher.move(places[at]!, draw(2) === 0 ? 1 : Infinity, mergeSome);
  }
  for (let round = 0; round < 2; round += 1) {
    exchange(regions);
    for (const edge of edges) edge.catchUp();
  }
  return { watcher, places };
}

/** `MERIDIAN_WANDERS=3000` looks at more of them. */
const seeds = Number(process.env["MERIDIAN_WANDERS"] ?? 200);

test(
  `whoever goes about among regions and edges ends with what is there (${seeds} seeds)`,
  () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { watcher, places } = wander(seed);
      for (const place of places) {
        expect({ seed, nodes: watcher.nodes }).toEqual({ seed, nodes: nodesOf(place) });
      }
    }
  },
  30_000 + seeds * 50,
);
