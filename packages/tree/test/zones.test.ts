import fc from "fast-check";
import { expect, test } from "vitest";
import { parseZones, ZoneTable } from "../src/index.ts";
import { bytes } from "./support/bytes.ts";
import { Cluster, codeOf, type ZoneDraft, zones } from "./support/cluster.ts";

function ownersIn(table: readonly ZoneDraft[], ...paths: string[]): (string | undefined)[] {
  const parsed = parseZones(JSON.stringify(table));
  if (typeof parsed === "string") throw new Error(parsed);
  return paths.map((path) => parsed.ownership(path).cluster);
}

test("the zone of a path is that of the longest prefix, component by component", () => {
  const table: ZoneDraft[] = [
    { prefix: "/a", consistency: "strict" },
    { prefix: "/a/b/c", consistency: "regional", home: "us" },
    { prefix: "/a/b", consistency: "regional", home: "eu" },
  ];
  const paths = ["/a", "/a/x", "/a/b", "/a/bc", "/a/b/x/y", "/a/b/c", "/a/b/c/d", "/a/b/cd"];
  expect(ownersIn(table, ...paths)).toEqual([
    "global",
    "global",
    "eu",
    "global",
    "eu",
    "us",
    "us",
    "eu",
  ]);
});

test("a template is owned by the region that the path names", () => {
  const table: ZoneDraft[] = [
    { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/x/{region}/local", consistency: "regional", home: "{region}" },
    { prefix: "/x/{region}", consistency: "eventual" },
  ];
  expect(ownersIn(table, "/regions/eu", "/regions/eu/a/b", "/regions/us/a")).toEqual([
    "eu",
    "eu",
    "us",
  ]);
  expect(ownersIn(table, "/x/eu/local/a", "/x/us/locally", "/x/us/a", "/x")).toEqual([
    "eu",
    undefined,
    undefined,
    "global",
  ]);
});

test("who owns a path does not depend on what was asked before", () => {
  const table: ZoneDraft[] = [
    { prefix: "/a", consistency: "strict" },
    { prefix: "/a/b", consistency: "regional", home: "eu" },
    { prefix: "/b/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/b/a/c", consistency: "eventual" },
  ];
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join("/")}`);
  const paths = fc.array(path, { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(paths, (asked) => {
      expect(ownersIn(table, ...asked)).toEqual(asked.flatMap((one) => ownersIn(table, one)));
    }),
  );
});

test("a prefix written out wins over a template of its length, in any order", () => {
  const table: ZoneDraft[] = [
    { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/regions/eu", consistency: "strict" },
  ];
  for (const order of [table, table.toReversed()]) {
    expect(ownersIn(order, "/regions/eu/a", "/regions/us/a")).toEqual(["global", "us"]);
  }
});

test("a written-out prefix that leads nowhere falls back to the template", () => {
  const table: ZoneDraft[] = [
    { prefix: "/r/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/r/eu/deep/er", consistency: "strict" },
  ];
  expect(ownersIn(table, "/r/eu/deep", "/r/eu/deep/er", "/r/us/deep/er")).toEqual([
    "eu",
    "global",
    "us",
  ]);
});

test("a brace inside of a name is no template", () => {
  const table: ZoneDraft[] = [{ prefix: "/a/{region}x", consistency: "eventual" }];
  expect(ownersIn(table, "/a/{region}x", "/a/eux")).toEqual([undefined, "global"]);
  expect(rootsOf(table)).toContain("/a/{region}x");
});

test("above all zones, and outside of them, nobody writes", () => {
  const tree = new Cluster("global");
  const { zone } = tree.tree.ownership("/elsewhere/a");
  expect(zone.prefix).toBe("/");
  for (const path of ["/elsewhere", "/regions", "/"]) {
    expect(codeOf(tree.set(path, "x"))).toBe("BAD_ARGUMENTS");
    expect(codeOf(tree.create(path))).toBe("BAD_ARGUMENTS");
    expect(codeOf(tree.delete(path))).toBe("BAD_ARGUMENTS");
  }
});

test("the zone of a path is found among 1,000 of them", () => {
  const table = Array.from({ length: 1_000 }, (_, at): ZoneDraft => {
    return { prefix: `/z${at % 10}/y${at}`, consistency: "regional", home: `r${at}` };
  });
  expect(ownersIn(table, "/z7/y997/a", "/z7/y998/a", "/z8/y998")).toEqual([
    "r997",
    "global",
    "r998",
  ]);
});

test("a write in another cluster's zone is refused with the owner's name", () => {
  const eu = new Cluster("eu");
  for (const applied of [
    eu.create("/global/a"),
    eu.set("/global", "x"),
    eu.delete("/global"),
    eu.multi([{ kind: "check", path: "/global", version: -1 }]),
  ]) {
    expect(applied.result).toMatchObject({ kind: "failed", code: "MOVED", hint: "global" });
    expect(applied.transactions).toEqual([]);
  }
  expect(eu.create("/regions/us/a").result).toMatchObject({ code: "MOVED", hint: "us" });
});

test("the global cluster refuses writes of eventual zones without naming a region", () => {
  const { result } = new Cluster("global").create("/shared/a");
  expect(result).toMatchObject({ kind: "failed", code: "MOVED", hint: "" });
});

test("a write goes through at its owner, regional or eventual", () => {
  const eu = new Cluster("eu");
  expect(codeOf(eu.create("/regions/eu/a"))).toBe("");
  expect(codeOf(eu.create("/shared/a"))).toBe("");
  expect(codeOf(new Cluster("us").create("/shared/a"))).toBe("");
});

test("roots of zones exist in every cluster, with one Stat, and nobody deletes them", () => {
  const clusters = ["global", "eu", "us"].map((name) => new Cluster(name));
  const roots = ["/", "/meridian", "/meridian/zones", "/regions/ap", "/regions/eu", "/shared"];
  for (const path of roots) {
    const stats = clusters.map((cluster) => cluster.stat(path));
    expect(stats[0]).toMatchObject({ czxid: 0, ctimeMs: 0, cversion: 0 });
    for (const stat of stats) expect(stat).toEqual(stats[0]);
  }
  expect(codeOf(clusters[0]?.delete("/global") ?? fail())).toBe("BAD_ARGUMENTS");
  expect(codeOf(clusters[1]?.delete("/regions/eu") ?? fail())).toBe("BAD_ARGUMENTS");
  expect(codeOf(clusters[1]?.delete("/shared") ?? fail())).toBe("BAD_ARGUMENTS");
});

test("roots of zones can be written to by the owner", () => {
  const tree = new Cluster("global");
  expect(codeOf(tree.set("/global", "x"))).toBe("");
  expect(tree.stat("/global")).toMatchObject({ version: 1, mzxid: tree.index });
});

test.each([
  ["", "JSON"],
  ["{", "JSON"],
  ["{}", "array"],
  ["null", "array"],
  ["[null]", "zone 0"],
  ["[1]", "zone 0"],
  ['[{"prefix":"/a"}]', "consistency"],
  ['[{"prefix":"/a","consistency":"loose"}]', "consistency"],
  ['[{"prefix":"/","consistency":"strict"}]', "below /"],
  ['[{"consistency":"strict"}]', "prefix"],
  ['[{"prefix":"a","consistency":"strict"}]', "begin with"],
  ['[{"prefix":"/a/","consistency":"strict"}]', "end with"],
  ['[{"prefix":"/a","consistency":"regional"}]', "home"],
  ['[{"prefix":"/a","consistency":"strict","home":"eu"}]', "home"],
  ['[{"prefix":"/a","consistency":"regional","home":"{region}"}]', "{region}"],
  ['[{"prefix":"/a/{region}/{region}","consistency":"eventual"}]', "{region}"],
  ['[{"prefix":"/a","consistency":"regional","home":7}]', "home"],
  ['[{"prefix":"/a","consistency":"eventual","conflict":"siblings"}]', "conflict"],
  ['[{"prefix":"/a","consistency":"strict","replicate":"some"}]', "replicate"],
  ['[{"prefix":"/a","consistency":"strict","replicate":["eu",1]}]', "replicate"],
  ['[{"prefix":"/a","consistency":"strict","colour":"red"}]', "colour"],
  ['[{"prefix":"/a","consistency":"strict"},{"prefix":"/a","consistency":"eventual"}]', "twice"],
  ['[{"prefix":"/meridian","consistency":"eventual"}]', "strict"],
  ['[{"prefix":"/meridian/zones","consistency":"regional","home":"eu"}]', "strict"],
  ['[{"prefix":"/{region}","consistency":"regional","home":"{region}"}]', "strict"],
])("a zone table %s is refused: it says %s", (table, word) => {
  expect(parseZones(table)).toContain(word);
});

test("a zone table of more than 1,000 zones is refused", () => {
  const table = Array.from({ length: 1_001 }, (_, at) => {
    return { prefix: `/z${at}`, consistency: "strict" };
  });
  expect(parseZones(JSON.stringify(table))).toContain("1000");
  expect(parseZones(JSON.stringify(table.slice(1)))).toBeInstanceOf(ZoneTable);
});

test("a zone table that is refused leaves the old one in force", () => {
  const tree = new Cluster("global");
  const before = tree.tree.zones();
  const alone = [{ prefix: "/global", consistency: "strict" }] as const;
  const deep = [...zones, { prefix: `/d${"/x".repeat(31)}`, consistency: "strict" } as const];
  const [twice] = zones;
  for (const table of ["", "[", "[{}]", JSON.stringify([twice, twice])]) {
    expect(codeOf(tree.setZones(table))).toBe("BAD_ARGUMENTS");
  }
  // It could never be changed again.
  expect(codeOf(tree.setZones(alone))).toBe("BAD_ARGUMENTS");
  const invalid = { kind: "set", path: "/meridian/zones", version: -1 } as const;
  expect(codeOf(tree.apply({ ...invalid, data: Uint8Array.of(0xff, 0xfe) }))).toBe("BAD_ARGUMENTS");
  expect(tree.tree.zones()).toEqual(before);
  expect(codeOf(tree.setZones(deep))).toBe("");
});

test("a zone table that founds a cluster must be sound, or the cluster is not founded", () => {
  const tree = new Cluster("global", { zones: "[{}]" });
  expect(tree.tree.cluster).toBe("");
  expect(codeOf(tree.create("/global/a"))).toBe("UNSUPPORTED");
  expect(codeOf(tree.open(1))).toBe("UNSUPPORTED");
});

test("a zone table that is written switches at once, in the same transaction", () => {
  const tree = new Cluster("global");
  const table: ZoneDraft[] = [
    ...zones,
    { prefix: "/apps/web", consistency: "strict" },
    { prefix: "/local/{region}/cache", consistency: "regional", home: "{region}" },
  ];
  const { transactions } = tree.setZones(table);
  expect(transactions).toHaveLength(1);
  expect(transactions[0]?.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    "changed /meridian/zones",
    "created /apps",
    "created /apps/web",
    "created /local",
    "created /local/ap",
    "created /local/ap/cache",
    "created /local/eu",
    "created /local/eu/cache",
    "created /local/us",
    "created /local/us/cache",
  ]);
  expect(tree.tree.zones()).toMatchObject({ version: 1, zones: { length: 6 } });
  expect(codeOf(tree.create("/apps/web/a"))).toBe("");
  expect(tree.create("/local/eu/cache/a").result).toMatchObject({ code: "MOVED", hint: "eu" });
  tree.restart();
  expect(codeOf(tree.create("/apps/web/b"))).toBe("");
  expect(codeOf(tree.delete("/apps/web"))).toBe("BAD_ARGUMENTS");
});

test("a zone table reaches the regions with the changes of the global cluster", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  eu.seed(global);
  global.setZones([
    ...zones,
    { prefix: "/apps", consistency: "strict" },
    { prefix: "/more/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/everybody", consistency: "eventual" },
  ]);
  global.create("/apps/a", "x");
  eu.pull(global);
  expect(eu.tree.zones()).toEqual(global.tree.zones());
  for (const path of ["/", "/apps", "/more", "/more/us", "/everybody", "/meridian/zones"]) {
    expect(eu.stat(path)).toEqual(global.stat(path));
  }
  expect(eu.stat("/apps/a")).toEqual(global.stat("/apps/a"));
  expect(codeOf(eu.create("/more/eu/a"))).toBe("");
  expect(codeOf(eu.create("/everybody/a"))).toBe("");
  expect(codeOf(eu.delete("/everybody"))).toBe("BAD_ARGUMENTS");
  eu.restart();
  expect(codeOf(eu.create("/more/eu/b"))).toBe("");
});

test("a zone table that makes a root below an ephemeral node makes that node persistent", () => {
  const tree = new Cluster("global");
  tree.open(7);
  tree.create("/global/e", "mine", { mode: "ephemeral", session: 7 });
  tree.create("/global/c", "", { mode: "container" });
  tree.setZones([
    ...zones,
    { prefix: "/global/e/below", consistency: "strict" },
    { prefix: "/global/c", consistency: "strict" },
  ]);
  expect(tree.stat("/global/e").ephemeralOwner).toBe(0);
  tree.create("/global/c/a");
  tree.delete("/global/c/a");
  expect(tree.tree.dueReaps(1e12, 9)).toEqual([]);
  tree.close(7);
  expect(tree.tree.get("/global/e/below")).toBeDefined();
});

test("a zone table that gives a path to another cluster ends the ephemeral nodes there", () => {
  const [global, eu, us] = ["global", "eu", "us"].map((name) => new Cluster(name)) as [
    Cluster,
    Cluster,
    Cluster,
  ];
  const table: ZoneDraft[] = [
    { prefix: "/meridian", consistency: "strict" },
    { prefix: "/z", consistency: "regional", home: "eu" },
  ];
  global.setZones(table);
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  eu.open(7);
  us.open(7);
  eu.create("/z/e", "", { mode: "ephemeral", session: 7 });
  eu.create("/z/p");
  us.pull(eu);
  global.setZones([table[0]!, { ...table[1]!, home: "us" }]);
  for (const region of [us, eu]) region.pull(global);
  for (const region of [us, eu]) {
    expect(region.tree.get("/z/e")).toBeUndefined();
    expect(region.tree.get("/z/p")).toBeDefined();
    expect(region.stat("/z")).toEqual({ ...us.stat("/z"), cversion: 2, numChildren: 1 });
  }
  expect(codeOf(us.create("/z/e"))).toBe("");
  us.close(7);
  expect(us.tree.get("/z/e")).toBeDefined();
});

test("founding happens once; later commands of the kind are void", () => {
  const tree = new Cluster("global");
  const before = tree.tree.zones();
  const again = tree.apply({
    kind: "bootstrap",
    cluster: "other",
    regions: [],
    zones: bytes("[]"),
  });
  expect(again).toMatchObject({ result: { kind: "done" }, transactions: [] });
  expect(tree.tree.cluster).toBe("global");
  expect(tree.tree.zones()).toEqual(before);
  expect(tree.tree.regions).toEqual(["ap", "eu", "us"]);
});

test.each([["eu/x"], [""], [".."], ["a\u0000"], ["global"]])(
  "founding refuses %j as a region",
  (name) => {
    const tree = new Cluster("global", { regions: ["eu", name] });
    expect(tree.tree.cluster).toBe("");
  },
);

test("founding takes a region's name as it is", () => {
  const tree = new Cluster("global", { regions: ["$&", "{region}"] });
  expect(tree.tree.children("/regions")?.names).toEqual(["$&", "{region}"]);
});

function rootsOf(table: readonly ZoneDraft[]): readonly string[] {
  const parsed = parseZones(JSON.stringify(table));
  return typeof parsed === "string" ? [parsed] : parsed.roots(["eu", "us"]);
}

function fail(): never {
  throw new Error("missing");
}
