import { expect, test } from "vitest";
import type { Operation } from "../src/index.ts";
import { text } from "./support/bytes.ts";
import { churn } from "./support/churn.ts";
import { Cluster, codeOf, Edge, recordsWith, restored, zones } from "./support/cluster.ts";
import { pick, seeded } from "./support/random.ts";
import { visible } from "./support/visible.ts";

type ApplyRemote = Extract<Operation, { kind: "apply-remote" }>;

function pair(): { global: Cluster; eu: Cluster } {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  eu.seed(global);
  return { global, eu };
}

test("changes of another cluster are taken over exactly: data, Stat and children", () => {
  const { global, eu } = pair();
  global.create("/global/a", "one", { timeMs: 123 });
  global.create("/global/a/b", "two");
  global.set("/global/a", "three");
  global.delete("/global/a/b");
  const applied = eu.pull(global);
  expect(visible(eu.tree, "/global")).toEqual(visible(global.tree, "/global"));
  expect(applied.transactions).toEqual(global.own(1));
  expect(eu.tree.cursors().get("global")).toEqual({
    cluster: "global",
    incarnation: 1,
    index: global.index,
  });
});

test("any history of another cluster makes the mirror equal, whatever the pieces", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const { global, eu } = pair();
    const random = seeded(seed);
    for (let round = 0; round < 12; round += 1) {
      churn(global, "/global", random, 12);
      if (random() < 0.3) eu.restart();
      eu.pull(global);
    }
    const found = visible(eu.tree, "/global");
    expect(found, `seed ${seed}`).toEqual(visible(global.tree, "/global"));
    expect(eu.tree.dataBytes, `seed ${seed}`).toBe(global.tree.dataBytes);
  }
});

test("changes of another cluster keep the path closed to writes here", () => {
  const { global, eu } = pair();
  global.create("/global/a", "one");
  eu.pull(global);
  expect(codeOf(eu.set("/global/a", "two"))).toBe("MOVED");
  expect(text(eu.tree.get("/global/a")?.data)).toBe("one");
});

test("a range of changes is void unless it begins at the cursor", () => {
  const { global, eu } = pair();
  global.create("/global/a");
  global.create("/global/b");
  const from = eu.tree.cursors().get("global")?.index ?? 0;
  eu.pull(global);
  const before = visible(eu.tree);
  global.set("/global/a", "x");
  for (const after of [from, global.index]) {
    const applied = eu.take(global, after);
    expect(codeOf(applied)).toBe("BAD_ARGUMENTS");
    expect(applied.transactions).toEqual([]);
  }
  expect(visible(eu.tree)).toEqual(before);
  expect(codeOf(eu.pull(global))).toBe("");
});

test("a range of changes that comes twice is void: each applies exactly once", () => {
  const { global, eu } = pair();
  const from = eu.tree.cursors().get("global")?.index ?? 0;
  global.create("/global/a");
  global.delete("/global/a");
  global.create("/global/a");
  eu.take(global, from);
  const before = visible(eu.tree);
  expect(codeOf(eu.take(global, from))).toBe("BAD_ARGUMENTS");
  expect(visible(eu.tree)).toEqual(before);
});

test("a range of changes is void without a snapshot, and in another incarnation", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  global.create("/global/a");
  expect(codeOf(eu.take(global, 0))).toBe("BAD_ARGUMENTS");
  expect(eu.tree.get("/global/a")).toBeUndefined();
  eu.seed(global);
  const promoted = new Cluster("global", { incarnation: 2 });
  while (promoted.index < global.index) promoted.set("/global", "x");
  promoted.create("/global/b");
  expect(codeOf(eu.pull(promoted))).toBe("BAD_ARGUMENTS");
  eu.seed(promoted);
  expect(eu.tree.cursors().get("global")?.incarnation).toBe(2);
  expect(eu.tree.children("/global")?.names).toEqual(["b"]);
  expect(codeOf(eu.seed(global)[0]!)).toBe("BAD_ARGUMENTS");
});

test("a range of changes without any still moves the cursor", () => {
  const { global, eu } = pair();
  global.apply({ kind: "reap", paths: [] });
  expect(eu.pull(global).transactions).toEqual([]);
  expect(eu.tree.cursors().get("global")?.index).toBe(global.index);
});

const tampered: [string, (command: ApplyRemote) => Partial<ApplyRemote>][] = [
  ["of the cluster itself", () => ({ origin: "eu" })],
  ["backwards", ({ from }) => ({ to: from - 1, transactions: [] })],
  ["beyond its end", ({ to }) => ({ to: to - 1 })],
  ["out of order", ({ transactions }) => ({ transactions: transactions.toReversed() })],
  ["twice", ({ transactions }) => ({ transactions: [...transactions, ...transactions] })],
  [
    "made by a third",
    ({ transactions }) => ({
      transactions: transactions.map((transaction) => ({ ...transaction, origin: "us" })),
    }),
  ],
  [
    "of another incarnation",
    ({ transactions }) => ({
      transactions: transactions.map((transaction) => ({ ...transaction, incarnation: 9 })),
    }),
  ],
  [
    "at a path that is none",
    ({ transactions }) => ({
      transactions: transactions.map((transaction) => ({
        ...transaction,
        changes: transaction.changes.map((change) => ({ ...change, path: "/global/../x" })),
      })),
    }),
  ],
];
test.each(tampered)(
  "a command with changes that cannot be its origin's is void as a whole: %s",
  (_what, tamper) => {
    const { global, eu } = pair();
    const from = eu.tree.cursors().get("global")?.index ?? 0;
    global.create("/global/a");
    global.create("/global/b");
    const to = global.index;
    const transactions = global.own(from);
    const origin = { kind: "apply-remote", origin: "global", incarnation: 1 } as const;
    const command: ApplyRemote = { ...origin, from, to, transactions };
    const before = visible(eu.tree);
    expect(codeOf(eu.apply({ ...command, ...tamper(command) }))).toBe("BAD_ARGUMENTS");
    expect(visible(eu.tree)).toEqual(before);
    expect(codeOf(eu.apply(command))).toBe("");
  },
);

test.each(["/regions/us/a", "/shared/a", "/regions", "/global"])(
  "what another region tells of %s is not its to tell",
  (path) => {
    const [eu, us] = [new Cluster("eu"), new Cluster("us")];
    us.seed(eu);
    us.create("/regions/us/a", "mine");
    us.create("/shared/a", "everybody's");
    const from = eu.index;
    eu.create("/regions/eu/a", "other");
    const transactions = eu.own(from).map((transaction) => {
      return { ...transaction, changes: transaction.changes.map((told) => ({ ...told, path })) };
    });
    const before = visible(us.tree);
    const origin = { kind: "apply-remote", origin: "eu", incarnation: 1 } as const;
    us.apply({ ...origin, from, to: eu.index, transactions });
    expect(visible(us.tree)).toEqual(before);
    expect(us.tree.cursors().get("eu")?.index).toBe(eu.index);
  },
);

test("a root that its owner deletes before it knows the table is alike in all clusters", () => {
  for (const below of ["", "/sub"]) {
    const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
    for (const region of [eu, us]) region.seed(global);
    eu.open(7);
    eu.create("/regions/eu/app", "data", { mode: "ephemeral", session: 7 });
    us.seed(eu);
    const edge = new Edge(us);
    const home = { consistency: "regional", home: "eu" } as const;
    global.setZones([...zones, { prefix: `/regions/eu/app${below}`, ...home }]);
    us.pull(global);
    eu.close(7);
    eu.pull(global);
    us.pull(eu);
    expect(visible(us.tree, "/regions/eu")).toEqual(visible(eu.tree, "/regions/eu"));
    edge.follow();
    expect(visible(edge.tree)).toEqual(visible(us.tree));
  }
});

test("a cluster tells nothing of other clusters' zones", () => {
  const { global, eu } = pair();
  eu.create("/regions/eu/a", "mine");
  const from = eu.tree.cursors().get("global")?.index ?? 0;
  global.create("/global/a");
  const [transaction] = global.own(from);
  const changes = transaction!.changes.map((change) => ({ ...change, path: "/regions/eu/a" }));
  eu.apply({
    kind: "apply-remote",
    origin: "global",
    incarnation: 1,
    from,
    to: global.index,
    transactions: [{ ...transaction!, changes }],
  });
  expect(text(eu.tree.get("/regions/eu/a")?.data)).toBe("mine");
});

test("a snapshot from any point of any history, and its tail, make the mirror equal", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = seeded(seed);
    const [global, eu] = [new Cluster("global"), new Cluster("eu")];
    for (let round = 0; round < 4; round += 1) {
      churn(global, "/global", random, 25);
      eu.seed(global, pick(random, [1, 300, 900, 1e9]));
      expect(visible(eu.tree, "/global"), `seed ${seed}`).toEqual(visible(global.tree, "/global"));
      churn(global, "/global", random, 25);
      eu.pull(global);
      expect(visible(eu.tree, "/global"), `seed ${seed}`).toEqual(visible(global.tree, "/global"));
      churn(global, "/global", random, 25);
    }
  }
});

test("a snapshot of another cluster shows one moment, although that goes on", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = seeded(seed);
    const [global, eu] = [new Cluster("global"), new Cluster("eu")];
    churn(global, "/global", random, 60);
    const moment = visible(global.tree, "/global");
    const { index } = global;
    eu.seed(global, pick(random, [1, 600]), () => churn(global, "/global", random, 3));
    expect(visible(eu.tree, "/global"), `seed ${seed}`).toEqual(moment);
    expect(eu.tree.cursors().get("global")?.index).toBe(index);
    eu.pull(global);
    expect(visible(eu.tree, "/global"), `seed ${seed}`).toEqual(visible(global.tree, "/global"));
  }
});

test("a snapshot takes away what the origin no longer has, and only that", () => {
  const { global, eu } = pair();
  eu.create("/regions/eu/mine");
  eu.create("/shared/all", "x");
  global.create("/global/a/b/c", "", { parents: true });
  global.create("/global/z");
  eu.pull(global);
  for (const path of ["/global/a/b/c", "/global/a/b", "/global/a"]) global.delete(path);
  global.create("/global/n");
  eu.seed(global);
  expect(eu.tree.children("/global")?.names).toEqual(["n", "z"]);
  expect(eu.tree.get("/regions/eu/mine")).toBeDefined();
  expect(eu.tree.get("/shared/all")).toBeDefined();
});

test("a snapshot with a child but without its parent leaves the parent", () => {
  const { global, eu } = pair();
  global.create("/global/a/b", "", { parents: true });
  eu.pull(global);
  const range = { afterPath: "/", toPath: "", last: true };
  const nodes = [...global.tree.seed({ ownOnly: true, prefixes: ["/global/a/b"] }, 1)];
  const seed = { origin: "global", incarnation: 1, index: global.index, ...range };
  eu.apply({ kind: "seed-remote", ...seed, nodes: nodes.flatMap((each) => each.nodes) });
  expect(eu.tree.get("/global/a/b")).toBeDefined();
});

test("a snapshot tells as changes only what is different", () => {
  const { global, eu } = pair();
  global.create("/global/a", "same");
  global.create("/global/b", "old");
  eu.pull(global);
  global.set("/global/b", "new");
  const changes = eu
    .seed(global)
    .flatMap(({ transactions }) => transactions.flatMap((transaction) => transaction.changes));
  expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual(["changed /global/b"]);
});

test("a snapshot replaces data of the same length and the same numbers", () => {
  const [one, other] = [zones, zones.map((zone) => ({ ...zone }))];
  other[0] = { prefix: "/globaI", consistency: "strict" };
  const global = new Cluster("global", { zones: other });
  const eu = new Cluster("eu", { zones: one });
  expect(eu.stat("/meridian/zones").dataLength).toBe(global.stat("/meridian/zones").dataLength);
  global.create("/globaI/a", "x");
  eu.seed(global);
  expect(eu.tree.zones()).toEqual(global.tree.zones());
  expect(eu.stat("/globaI/a")).toEqual(global.stat("/globaI/a"));
});

test("a snapshot brings the zone table before the nodes that it decides about", () => {
  const global = new Cluster("global");
  const eu = new Cluster("eu", {
    zones: [...zones, { prefix: "/a", consistency: "regional", home: "us" }],
  });
  global.setZones([...zones, { prefix: "/a", consistency: "strict" }]);
  global.create("/a/b", "x");
  eu.seed(global);
  expect(visible(eu.tree, "/a")).toEqual(visible(global.tree, "/a"));
});

test("a snapshot moves the cursor with its last range, not before", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  for (const name of ["a", "b", "c"]) global.create(`/global/${name}`);
  const seen: unknown[] = [];
  eu.seed(global, 1, () => seen.push(eu.tree.cursors().get("global")?.index));
  expect(seen.pop()).toBe(global.index);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test("a snapshot that is older than the mirror is void", () => {
  const { global, eu } = pair();
  global.create("/global/a", "old");
  const ranges = [...global.tree.seed({ ownOnly: true, prefixes: [] }, 1e9)];
  const { index } = global;
  global.set("/global/a", "new");
  eu.pull(global);
  for (const range of ranges) {
    const origin = { origin: "global", incarnation: 1, index };
    expect(codeOf(eu.apply({ kind: "seed-remote", ...origin, ...range }))).toBe("BAD_ARGUMENTS");
  }
  expect(text(eu.tree.get("/global/a")?.data)).toBe("new");
  expect(eu.tree.cursors().get("global")?.index).toBe(global.index);
});

test("a mirror that becomes the owner goes on with the sequential counter", () => {
  const mode = "persistent-sequential";
  const [eu, us, global] = [new Cluster("eu"), new Cluster("us"), new Cluster("global")];
  const table = [...zones, { prefix: "/z", consistency: "regional", home: "eu" } as const];
  global.setZones(table);
  for (const region of [eu, us]) region.seed(global);
  for (let round = 0; round < 3; round += 1) {
    eu.create("/z/n-", "", { mode });
  }
  eu.delete("/z/n-0000000001");
  us.seed(eu);
  eu.create("/z/n-", "", { mode });
  us.pull(eu);
  global.setZones([...zones, { prefix: "/z", consistency: "regional", home: "us" }]);
  us.pull(global);
  us.create("/z/n-", "", { mode });
  expect(us.tree.children("/z")?.names).toEqual([
    "n-0000000000",
    "n-0000000002",
    "n-0000000003",
    "n-0000000004",
  ]);
});

const late = [...zones, { prefix: "/new/eu", consistency: "regional", home: "eu" } as const];

test("changes of a new regional zone that arrive before the table are not lost", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  global.setZones(late);
  eu.pull(global);
  eu.create("/new/eu/a", "early");
  eu.create("/new/eu/a/b");
  us.pull(eu);
  expect(text(us.tree.get("/new/eu/a")?.data)).toBe("early");
  us.pull(global);
  eu.set("/new/eu/a", "later");
  us.pull(eu);
  expect(visible(us.tree, "/new")).toEqual(visible(eu.tree, "/new"));
  expect(us.stat("/")).toEqual(eu.stat("/"));
});

test("early changes survive a snapshot of the time before their zone", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  const { index } = global;
  const ranges = [...global.tree.seed({ ownOnly: true, prefixes: [] }, 1)];
  global.setZones(late);
  eu.pull(global);
  eu.create("/new/eu/a", "early");
  us.pull(eu);
  for (const range of ranges) {
    us.apply({ kind: "seed-remote", origin: "global", incarnation: 1, index, ...range });
  }
  us.pull(global);
  expect(visible(us.tree, "/new")).toEqual(visible(eu.tree, "/new"));
});

test("changes of a new eventual zone that arrive before the table are not lost", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  global.setZones([...zones, { prefix: "/both", consistency: "eventual" }]);
  eu.pull(global);
  eu.create("/both/a", "early");
  us.pull(eu);
  us.pull(global);
  expect(text(us.tree.get("/both/a")?.data)).toBe("early");
  expect(us.tree.eventualDigest("/both")).toBe(eu.tree.eventualDigest("/both"));
});

test("the new owner of a zone cut out of another is taken over anew", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  global.setZones([...zones, { prefix: "/global/eu", consistency: "regional", home: "eu" }]);
  eu.pull(global);
  eu.create("/global/eu/a", "early");
  us.pull(eu);
  us.pull(global);
  us.restart();
  expect(us.tree.cursors().get("eu")?.index).toBe(0);
  expect(codeOf(us.take(eu, 0))).toBe("BAD_ARGUMENTS");
  us.seed(eu);
  expect(us.tree.cursors().get("eu")?.index).toBe(eu.index);
  expect(visible(us.tree, "/global/eu")).toEqual(visible(eu.tree, "/global/eu"));
});

test("a snapshot that began under an old table does not pass for complete", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  global.setZones([...zones, { prefix: "/global/eu", consistency: "regional", home: "eu" }]);
  eu.pull(global);
  eu.create("/global/eu/a");
  eu.create("/regions/eu/z");
  let ranges = 0;
  const applied = us.seed(eu, 1, () => {
    ranges += 1;
    if (ranges === 4) us.pull(global);
  });
  expect(codeOf(applied.at(-1)!)).toBe("BAD_ARGUMENTS");
  expect(us.tree.cursors().get("eu")?.index).toBe(0);
  us.seed(eu);
  expect(visible(us.tree, "/global/eu")).toEqual(visible(eu.tree, "/global/eu"));
});

test("a mirror restarted from its snapshot is the mirror", () => {
  const { global, eu } = pair();
  churn(global, "/global", seeded(3), 80);
  eu.pull(global);
  const { tree } = eu;
  eu.restart();
  expect(eu.tree.digest()).toBe(tree.digest());
  expect(eu.tree.cursors()).toEqual(tree.cursors());
});

test("a deletion at the origin does not take away what the table needs here", () => {
  const { global, eu } = pair();
  global.create("/global/a");
  const records = recordsWith(global, "/global/a", (stat) => stat);
  global.delete("/global/a");
  expect(restored(records).get("/global/a")).toBeDefined();
  eu.pull(global);
  expect(eu.tree.get("/global")).toBeDefined();
});
