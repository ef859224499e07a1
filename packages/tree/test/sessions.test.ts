import { expect, test } from "vitest";
import { bytes } from "./support/bytes.ts";
import { Cluster, codeOf, create } from "./support/cluster.ts";

const ephemeral = { mode: "ephemeral" } as const;

function withSession(): Cluster {
  const tree = new Cluster("global");
  tree.open(7);
  return tree;
}

test("a session that does not exist writes nothing", () => {
  const tree = new Cluster("global");
  const applied = tree.create("/global/a", "", { session: 7, sequence: 1 });
  expect(codeOf(applied)).toBe("SESSION_EXPIRED");
  expect(tree.tree.get("/global/a")).toBeUndefined();
});

test("a session is opened once; the same secret resumes it, another one is refused", () => {
  const tree = withSession();
  tree.create("/global/a", "", { session: 7, sequence: 1 });
  expect(tree.open(7).result).toEqual({ kind: "done" });
  expect(tree.tree.session(7)).toMatchObject({ id: 7, timeoutMs: 30_000, appliedSequence: 1 });
  expect(codeOf(tree.open(7, "guess"))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.open(7, "secret and more"))).toBe("BAD_ARGUMENTS");
  expect(tree.tree.session(7)?.secret).toEqual(bytes("secret"));
  expect(tree.tree.sessionCount).toBe(1);
});

test("a session has an id above 0, as 0 means none", () => {
  const tree = new Cluster("global");
  expect(codeOf(tree.open(0))).toBe("BAD_ARGUMENTS");
  expect(tree.tree.sessionCount).toBe(0);
});

test("a session that closes takes its ephemeral nodes along, in one transaction", () => {
  const tree = withSession();
  tree.open(8);
  tree.create("/global/p");
  tree.create("/global/p/b", "", { ...ephemeral, session: 7, sequence: 1 });
  tree.create("/global/p/a", "", { ...ephemeral, session: 7, sequence: 2 });
  tree.create("/global/p/kept", "", { session: 7, sequence: 3 });
  tree.create("/global/p/other", "", { ...ephemeral, session: 8, sequence: 1 });
  expect([...(tree.tree.session(7)?.ephemerals ?? [])].toSorted()).toEqual([
    "/global/p/a",
    "/global/p/b",
  ]);
  const { endedSessions, transactions } = tree.close(7);
  expect(endedSessions).toEqual([7]);
  expect(transactions).toHaveLength(1);
  expect(transactions[0]?.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    "deleted /global/p/a",
    "deleted /global/p/b",
  ]);
  expect(tree.tree.children("/global/p")?.names).toEqual(["kept", "other"]);
  expect(tree.tree.session(7)).toBeUndefined();
  expect([...tree.tree.sessions()].map(({ id }) => id)).toEqual([8]);
});

test("a session ends alike on every replica, restarted or not", () => {
  const [one, other] = [withSession(), withSession()];
  for (const tree of [one, other]) {
    for (const [at, name] of ["c", "a", "b"].entries()) {
      tree.create(`/global/${name}`, "", { ...ephemeral, session: 7, sequence: at + 1 });
    }
  }
  other.restart();
  expect(other.close(7)).toEqual(one.close(7));
  expect(other.tree.digest()).toBe(one.tree.digest());
});

test("a session that has ended writes nothing any more, whatever was in flight", () => {
  const tree = withSession();
  tree.close(7);
  const late = tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  expect(codeOf(late)).toBe("SESSION_EXPIRED");
  const parts = [create("/global/b", "", ephemeral)];
  expect(codeOf(tree.multi(parts, { session: 7, sequence: 2 }))).toBe("SESSION_EXPIRED");
  expect(tree.tree.children("/global")?.names).toEqual([]);
  expect(tree.close(7)).toMatchObject({ result: { kind: "done" }, endedSessions: [] });
});

test("a session with an id that was used before inherits nothing", () => {
  const tree = withSession();
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 9 });
  tree.close(7);
  tree.create("/global/a", "another's");
  tree.open(7, "new");
  expect(tree.tree.session(7)).toMatchObject({ appliedSequence: 0, ephemerals: new Set() });
  tree.close(7);
  expect(tree.tree.get("/global/a")).toBeDefined();
});

test("expiry ends exactly the named sessions", () => {
  const tree = withSession();
  tree.open(8);
  tree.open(9);
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  const sessions = [7, 9, 12345];
  const { endedSessions } = tree.apply({ kind: "expire-sessions", sessions, term: 3 }, { term: 3 });
  expect(endedSessions).toEqual([7, 9]);
  expect(tree.tree.get("/global/a")).toBeUndefined();
  expect([...tree.tree.sessions()].map(({ id }) => id)).toEqual([8]);
});

test("expiry proposed by a leader of another term is void", () => {
  const tree = withSession();
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  for (const term of [2, 4]) {
    const applied = tree.apply({ kind: "expire-sessions", sessions: [7], term }, { term: 3 });
    expect(applied).toMatchObject({ endedSessions: [], transactions: [] });
  }
  expect(tree.tree.get("/global/a")).toBeDefined();
  expect(tree.tree.session(7)).toBeDefined();
});

test("an ephemeral node needs a session and has no children", () => {
  const tree = withSession();
  expect(codeOf(tree.create("/global/a", "", ephemeral))).toBe("BAD_ARGUMENTS");
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  expect(codeOf(tree.create("/global/a/b"))).toBe("NO_CHILDREN_FOR_EPHEMERALS");
});

test("an ephemeral node made again by somebody else belongs to them alone", () => {
  const tree = withSession();
  tree.open(8);
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  tree.delete("/global/a", -1, { session: 8, sequence: 1 });
  tree.create("/global/a", "", { ...ephemeral, session: 8, sequence: 2 });
  tree.close(7);
  expect(tree.stat("/global/a").ephemeralOwner).toBe(8);
});

test("an ephemeral node survives a restart with its owner, and goes with it", () => {
  const tree = withSession();
  tree.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  tree.restart();
  expect(tree.tree.session(7)?.ephemerals).toEqual(new Set(["/global/a"]));
  tree.close(7);
  expect(tree.tree.get("/global/a")).toBeUndefined();
});

test("another cluster's ephemeral stays when a session of the same number ends", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  for (const cluster of [global, eu]) cluster.open(7);
  eu.seed(global);
  global.create("/global/a", "", { ...ephemeral, session: 7, sequence: 1 });
  eu.create("/regions/eu/b", "", { ...ephemeral, session: 7, sequence: 1 });
  eu.pull(global);
  expect(eu.tree.session(7)?.ephemerals).toEqual(new Set(["/regions/eu/b"]));
  eu.close(7);
  expect(eu.tree.get("/regions/eu/b")).toBeUndefined();
  expect(eu.stat("/global/a")).toEqual(global.stat("/global/a"));
  global.close(7);
  eu.pull(global);
  expect(eu.tree.get("/global/a")).toBeUndefined();
});

const reap = (tree: Cluster) => tree.apply({ kind: "reap", paths: [] });

/** A session with so many ephemeral nodes below a path. */
function crowd(tree: Cluster, session: number, path: string, count: number): void {
  tree.open(session);
  tree.create(path);
  for (let at = 0; at < count; at += 1) tree.create(`${path}/${at}`, "", { ...ephemeral, session });
}

test("a session of very many ephemeral nodes ends at once, and they go in portions", () => {
  const tree = new Cluster("global");
  crowd(tree, 7, "/global/many", 5_001);
  tree.create("/global/many/other's");
  const { endedSessions, transactions } = tree.close(7);
  expect(endedSessions).toEqual([7]);
  expect(transactions[0]?.changes).toHaveLength(2_000);
  expect(tree.tree.session(7)).toBeUndefined();
  expect(tree.tree.isBehind).toBe(true);
  const again = { ...ephemeral, session: 7, sequence: 9 };
  expect(codeOf(tree.create("/global/many/new", "", again))).toBe("SESSION_EXPIRED");
  expect(codeOf(tree.open(7))).toBe("SESSION_EXPIRED");
  const digest = tree.tree.digest();
  tree.restart();
  expect(tree.tree.digest()).toBe(digest);
  expect(tree.tree.sessionCount).toBe(0);
  expect(reap(tree).transactions[0]?.changes).toHaveLength(2_000);
  tree.restart();
  expect(reap(tree).transactions[0]?.changes).toHaveLength(1_001);
  expect(tree.tree.isBehind).toBe(false);
  expect(tree.tree.children("/global/many")?.names).toEqual(["other's"]);
  expect(codeOf(tree.open(7))).toBe("");
  expect(tree.tree.session(7)?.ephemerals).toEqual(new Set());
});

test("what is left of a session's nodes is what it owned: what others made meanwhile stays", () => {
  const tree = new Cluster("global");
  crowd(tree, 7, "/global/many", 2_002);
  tree.close(7);
  const left = tree.tree.children("/global/many")?.names ?? [];
  expect(left).toHaveLength(2);
  const path = `/global/many/${left[0]}`;
  tree.delete(path);
  tree.create(path, "another's");
  reap(tree);
  expect(tree.tree.children("/global/many")?.names).toEqual([left[0]]);
});

test("sessions that expire together go whole, as many as fit, and the others with the next", () => {
  const tree = new Cluster("global");
  const sessions = [1, 2, 3, 4];
  for (const session of sessions) crowd(tree, session, `/global/${session}`, 900);
  crowd(tree, 5, "/global/5", 3);
  const expire = () =>
    tree.apply({ kind: "expire-sessions", sessions: [...sessions, 5], term: 1 }, { term: 1 });
  const first = expire();
  expect(first.endedSessions).toEqual([1, 2, 5]);
  expect(first.transactions[0]?.changes).toHaveLength(1_803);
  expect(tree.tree.children("/global/3")?.names).toHaveLength(900);
  expect(expire().endedSessions).toEqual([3, 4]);
  expect(tree.tree.sessionCount).toBe(0);
  expect(tree.tree.isBehind).toBe(false);
});

test("several sessions that ended with too many nodes go one after the other", () => {
  const tree = new Cluster("global");
  for (const session of [3, 1]) crowd(tree, session, `/global/${session}`, 3_600);
  for (const session of [3, 1]) tree.close(session);
  reap(tree);
  expect(tree.tree.children("/global/3")?.names).toEqual([]);
  expect(tree.tree.children("/global/1")?.names).toHaveLength(1_200);
  reap(tree);
  expect(tree.tree.children("/global/1")?.names).toEqual([]);
  expect(tree.tree.isBehind).toBe(false);
});
