import { type Configuration, isJoint, leaveJoint, majority, votersOf } from "@meridian/consensus";
import { expect, test } from "vitest";
import { noteOf, removedNamesMax, wasRemoved, withRemovals } from "../src/member-note.ts";
import { type MembershipChange, type Plan, planChange } from "../src/membership-plan.ts";
import { currentTopology, type TopologyNode } from "../src/topology.ts";

const nothing: MembershipChange = { add: [], promote: [], demote: [], remove: [] };

const regional = majority(["a", "b", "c"], ["o"]);

/** Three places, one of them with witnesses only. */
const global: Configuration = {
  groups: [
    { name: "primary", voters: ["p1", "p2", "p3"], weight: 1 },
    { name: "secondary", voters: ["s1", "s2", "s3"], weight: 1 },
    { name: "witness", voters: ["w1"], weight: 1 },
  ],
  learners: [],
  witnesses: ["w1"],
  outgoingGroups: [],
  autoLeave: false,
};

const configured: readonly TopologyNode[] = [
  ...["a", "b", "c"].map((node) => nodeOf(node, "regional-voter", "us-west", "us-west")),
  nodeOf("o", "regional-observer", "us-west", "us-west"),
  nodeOf("e", "edge", "us-west", "us-west"),
  ...["p1", "p2", "p3"].map((node) => nodeOf(node, "global-voter", "us-east", "global", "primary")),
  ...["s1", "s2", "s3"].map((node) =>
    nodeOf(node, "global-voter", "eu-central", "global", "secondary"),
  ),
  nodeOf("w1", "witness", "us-west", "global", "witness"),
];

function nodeOf(
  node: string,
  role: TopologyNode["role"],
  region: string,
  cluster: string,
  group = "",
): TopologyNode {
  return { node, region, role, group, address: `${node}:7400`, addressFrom: {}, cluster };
}

function plan(
  configuration: Configuration,
  change: Partial<MembershipChange>,
  silent: readonly string[] = [],
): Plan {
  const cluster = configuration.groups[0]?.name === "primary" ? "global" : "us-west";
  return planChange(
    { ...nothing, ...change },
    {
      cluster,
      configuration,
      topology: currentTopology(configured, cluster, configuration),
      isHeard: (node) => !silent.includes(node),
    },
  );
}

/** The configuration that a change ends with. */
function after(configuration: Configuration, change: Partial<MembershipChange>): Configuration {
  const found = plan(configuration, change);
  if (found.kind !== "change") throw new Error(`expected a change, found ${found.kind}`);
  return isJoint(found.to) ? leaveJoint(found.to) : found.to;
}

function reasonOf(found: Plan): string {
  return found.kind === "refused" ? found.reason : found.kind;
}

const member = (node: string, more: object = {}): MembershipChange["add"][number] => ({
  node,
  region: "us-west",
  role: "",
  group: "",
  address: `${node}:7400`,
  addressFrom: {},
  ...more,
});

test("a new member is a learner whose address travels with the configuration", () => {
  const to = after(regional, { add: [member("d")] });
  expect(to.learners).toEqual(["o", "d"]);
  expect(votersOf(to)).toEqual(["a", "b", "c"]);
  expect(noteOf(to, "d")).toMatchObject({ address: "d:7400", role: "regional-observer" });
  expect(currentTopology(configured, "us-west", to).find(({ node }) => node === "d")).toEqual(
    nodeOf("d", "regional-observer", "us-west", "us-west"),
  );
});

test("what is so already is not done again", () => {
  const added = after(regional, { add: [member("d")] });
  expect(plan(added, { add: [member("d")] }).kind).toBe("nothing");
  const promoted = after(added, { promote: [{ node: "d", group: "" }] });
  expect(plan(promoted, { promote: [{ node: "d", group: "" }] }).kind).toBe("nothing");
  expect(plan(promoted, { add: [member("d")] }).kind).toBe("nothing");
  const removed = after(promoted, { remove: ["d"] });
  expect(plan(removed, { remove: ["d"] }).kind).toBe("nothing");
  expect(plan(regional, { demote: ["o"] }).kind).toBe("nothing");
});

test("one voter more or less is one step, several are a joint configuration", () => {
  const one = plan(regional, { promote: [{ node: "o", group: "" }] });
  expect(one.kind === "change" && isJoint(one.to)).toBe(false);
  const swap = plan(regional, { promote: [{ node: "o", group: "" }], remove: ["a"] });
  if (swap.kind !== "change") throw new Error(reasonOf(swap));
  expect(swap.to.outgoingGroups).toEqual(regional.groups);
  expect(swap.to.autoLeave).toBe(true);
  expect(votersOf(leaveJoint(swap.to))).toEqual(["b", "c", "o"]);
});

test("a name that was removed does not come back", () => {
  const removed = after(regional, { remove: ["c"] });
  expect(wasRemoved(removed, "c")).toBe(true);
  const again = plan(removed, { add: [member("c", { address: "c:7499" })] });
  expect(reasonOf(again)).toBe("name-used");
  expect(reasonOf(plan(removed, { promote: [{ node: "c", group: "" }] }))).toBe("unknown-member");
});

test("removed names are bounded, and the oldest are forgotten first", () => {
  const names = Array.from({ length: removedNamesMax + 3 }, (_, at) => `n${at}`);
  let configuration = withRemovals(regional, names.slice(0, 2));
  configuration = withRemovals(configuration, names.slice(2));
  expect(Object.keys(configuration.notes ?? {})).toHaveLength(removedNamesMax);
  expect(["n0", "n1", "n2", "n3"].map((name) => wasRemoved(configuration, name))).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("names that every object has are names like others", () => {
  expect(wasRemoved(regional, "constructor")).toBe(false);
  expect(noteOf({ ...regional, notes: {} }, "constructor")).toBeUndefined();
  const added = after(regional, { add: [member("constructor")] });
  expect(noteOf(added, "constructor")?.address).toBe("constructor:7400");
});

test("names and addresses in use are refused", () => {
  expect(reasonOf(plan(regional, { add: [member("a", { address: "z:1" })] }))).toBe("name-used");
  expect(reasonOf(plan(regional, { add: [member("p1")] }))).toBe("name-used");
  expect(reasonOf(plan(regional, { add: [member("e")] }))).toBe("name-used");
  const taken = plan(regional, { add: [member("d", { address: "b:7400" })] });
  expect(reasonOf(taken)).toBe("address-used");
});

test("members that do not exist are refused, with those that do", () => {
  const found = plan(regional, { promote: [{ node: "z", group: "" }] });
  expect(found).toMatchObject({ kind: "refused", reason: "unknown-member" });
  expect(found.kind === "refused" && found.message).toMatch(/expected one of a, b, c, o/);
  expect(reasonOf(plan(regional, { remove: ["z"] }))).toBe("unknown-member");
  expect(reasonOf(plan(regional, { demote: ["z"] }))).toBe("unknown-member");
});

test("the last voter stays, and so does the last one that keeps data", () => {
  expect(reasonOf(plan(regional, { remove: ["a", "b", "c"] }))).toBe("last-voter");
  expect(reasonOf(plan(regional, { demote: ["a", "b", "c"] }))).toBe("last-voter");
  const few = { ...global, groups: global.groups.filter(({ name }) => name !== "secondary") };
  expect(reasonOf(plan(few, { remove: ["p1", "p2", "p3"] }))).toBe("last-voter");
  const all = plan(regional, { promote: [{ node: "o", group: "" }], remove: ["a", "b", "c"] });
  expect(all.kind).toBe("change");
});

test("a change that the voters who answer could not commit is refused", () => {
  expect(reasonOf(plan(regional, { remove: ["a"] }, ["b"]))).toBe("loses-quorum");
  expect(plan(regional, { remove: ["b"] }, ["b"]).kind).toBe("change");
  const found = plan(regional, { promote: [{ node: "o", group: "" }], remove: ["a"] }, ["o", "b"]);
  expect(found.kind === "refused" && found.message).toMatch(/b, o do not answer/);
  // A whole place may be away, but not another one's majority beside it.
  expect(plan(global, { remove: ["p1"] }, ["s1", "s2", "s3"]).kind).toBe("change");
  const silent = ["s1", "s2", "s3", "p2"];
  expect(reasonOf(plan(global, { remove: ["p1"] }, silent))).toBe("loses-quorum");
});

test("a global member joins the voters of its region unless another group is named", () => {
  const near = after(global, { add: [member("p4", { region: "us-east" })] });
  expect(noteOf(near, "p4")?.group).toBe("primary");
  const promoted = after(near, { promote: [{ node: "p4", group: "" }] });
  expect(promoted.groups[0]?.voters).toEqual(["p1", "p2", "p3", "p4"]);
  const far = plan(global, { add: [member("x", { region: "apac" })] });
  expect(reasonOf(far)).toBe("unknown-group");
  expect(far.kind === "refused" && far.message).toMatch(/one of primary, secondary, witness/);
  const named = after(global, { add: [member("x", { region: "apac", group: "secondary" })] });
  const moved = after(named, { promote: [{ node: "x", group: "primary" }] });
  expect(moved.groups[0]?.voters).toContain("x");
});

test("a witness is added, gets its vote as a witness, and leaves as one", () => {
  const added = after(global, { add: [member("w2", { role: "witness" })] });
  expect(noteOf(added, "w2")).toMatchObject({ role: "witness", group: "witness" });
  expect(added.witnesses).toEqual(["w1"]);
  const promoted = after(added, { promote: [{ node: "w2", group: "" }] });
  expect(promoted.witnesses).toEqual(["w1", "w2"]);
  expect(after(promoted, { remove: ["w1"] }).witnesses).toEqual(["w2"]);
  // While it still has a vote it must not count as one that could lead.
  const both = plan(promoted, { remove: ["w1", "p1"] });
  expect(both.kind === "change" && both.to.witnesses).toEqual(["w2", "w1"]);
  expect(after(promoted, { remove: ["w1", "p1"] }).witnesses).toEqual(["w2"]);
  expect(reasonOf(plan(promoted, { demote: ["w1"] }))).toBe("witness");
});

test("a group that leadership is held by does not vanish", () => {
  const held = { ...global, heldBy: "secondary" };
  const found = plan(held, { remove: ["s1", "s2", "s3"] });
  expect(reasonOf(found)).toBe("held");
  expect(after(held, { remove: ["s1"] }).heldBy).toBe("secondary");
});

test("the topology follows the configuration, and other clusters stay as they were", () => {
  const to = after(after(regional, { add: [member("d")] }), {
    promote: [{ node: "d", group: "" }],
    remove: ["a"],
    demote: ["b"],
  });
  const now = currentTopology(configured, "us-west", to);
  const own = now.filter(({ cluster }) => cluster === "us-west");
  expect(own.map(({ node, role }) => `${node} ${role}`)).toEqual([
    "b regional-observer",
    "c regional-voter",
    "o regional-observer",
    "e edge",
    "d regional-voter",
  ]);
  expect(now.filter(({ cluster }) => cluster === "global")).toEqual(configured.slice(5));
});
