import {
  MeridianError,
  StatusResponse,
  TopologyResponse,
  type Encodable,
  type INodeAddress,
  type IStatusResponse,
} from "@meridian/wire";
import { expect, test } from "vitest";
import { fleetStatus, type StatusChannel } from "../src/fleet-status.ts";

type Said = Encodable<IStatusResponse>;

const topology = {
  nodes: [
    { node: "g1", region: "us-east", role: "global-voter", group: "primary", cluster: "global" },
    {
      node: "g2",
      region: "eu-central",
      role: "global-voter",
      group: "secondary",
      cluster: "global",
    },
    { node: "w1", region: "us-west", role: "witness", group: "witness", cluster: "global" },
    { node: "r1", region: "us-west", role: "regional-voter", cluster: "us-west" },
    { node: "e1", region: "us-west", role: "edge", cluster: "us-west" },
  ].map((node) => ({
    ...node,
    address: `${node.node}:1`,
    addressFrom: { apac: `${node.node}.proxy:2` },
  })),
};

/**
 * Channels to nodes that say this; nodes that say nothing cannot be reached. `members`: what nodes
 * say of the members of their cluster, if anything.
 */
function saying(
  answers: Readonly<Record<string, Said>>,
  members: Readonly<Record<string, readonly Encodable<INodeAddress>[]>> = {},
): {
  opened: string[];
  closed: string[];
  openChannel: (address: string) => StatusChannel;
} {
  const opened: string[] = [];
  const closed: string[] = [];
  const openChannel = (address: string): StatusChannel => {
    opened.push(address);
    const node = address.split(/[.:]/)[0] ?? "";
    const said = answers[node];
    return {
      status: () =>
        said === undefined
          ? Promise.reject(new MeridianError("REGION_UNAVAILABLE", "refused"))
          : Promise.resolve(StatusResponse.decode(StatusResponse.encode({ node, ...said }))),
      topology: () => {
        const nodes = members[node];
        return nodes === undefined
          ? Promise.reject(new MeridianError("REGION_UNAVAILABLE", "refused"))
          : Promise.resolve(TopologyResponse.decode(TopologyResponse.encode({ nodes })));
      },
      close: () => closed.push(address),
    };
  };
  return { opened, closed, openChannel };
}

const healthy = {
  g1: { state: "leader", leader: "g1", term: 3, failoverReady: true, sessions: 7, commitIndex: 90 },
  g2: { state: "follower", leader: "g1", term: 3, appliedIndex: 88, commitIndex: 88 },
  w1: { state: "follower", leader: "g1", term: 3 },
  r1: { state: "leader", leader: "r1", term: 1, sessions: 2 },
  e1: { state: "edge" },
};

test("every node is asked once, and the clusters are put together", async () => {
  const { openChannel, opened, closed } = saying(healthy);
  const fleet = await fleetStatus(topology, { openChannel });
  expect(opened).toEqual(["g1:1", "g2:1", "w1:1", "r1:1", "e1:1", "g1:1", "r1:1"]);
  expect(closed.toSorted()).toEqual(opened.toSorted());
  expect(Object.keys(fleet.clusters)).toEqual(["global", "us-west"]);
  expect(fleet.clusters["global"]).toMatchObject({
    leader: "g1",
    leaderRegion: "us-east",
    term: 3,
    commitIndex: 90,
    sessions: 7,
    failoverReady: true,
  });
  expect(fleet.clusters["us-west"]?.members.map(({ node }) => node)).toEqual(["r1"]);
  expect(fleet.unreachable).toEqual([]);
  expect(fleet.failoverReady).toBe(true);
});

test("a node that does not answer is named, and the rest is still told", async () => {
  const { g2, w1, r1 } = healthy;
  const { openChannel, closed } = saying({ g2, w1, r1 });
  const fleet = await fleetStatus(topology, { openChannel });
  expect(fleet.unreachable).toEqual(["g1", "e1"]);
  expect(fleet.nodes[0]?.error).toMatchObject({ code: "REGION_UNAVAILABLE" });
  expect(fleet.clusters["global"]).toMatchObject({ leader: "g1", failoverReady: false });
  expect(fleet.failoverReady).toBe(false);
  expect(closed).toHaveLength(6);
});

test("a deposed leader that does not know it yet is not believed", async () => {
  const g2 = { state: "leader", leader: "g2", term: 4, failoverReady: false };
  const fleet = await fleetStatus(topology, saying({ ...healthy, g2 }));
  expect(fleet.clusters["global"]).toMatchObject({ leader: "g2", term: 4 });
  expect(fleet.failoverReady).toBe(false);
});

test("a newer incarnation counts for more than a higher term of the old one", async () => {
  const g1 = { ...healthy.g1, term: 9, incarnation: 1 };
  const g2 = { state: "leader", leader: "g2", term: 1, incarnation: 2 };
  const fleet = await fleetStatus(topology, saying({ ...healthy, g1, g2 }));
  expect(fleet.clusters["global"]).toMatchObject({ leader: "g2", incarnation: 2 });
});

test("nodes are asked at the address that is meant for the observer's region", async () => {
  const { openChannel, opened } = saying(healthy);
  await fleetStatus(topology, { openChannel, region: "apac" });
  expect(opened[0]).toBe("g1.proxy:2");
});

test("members that came and went since are known from the leader", async () => {
  const r2 = { state: "follower", leader: "r3", term: 2 };
  const r3 = { state: "leader", leader: "r3", term: 2 };
  const member = { role: "regional-voter", cluster: "us-west", region: "us-west" };
  const places = ["r2", "r3"].map((node) => ({ ...member, node, address: `${node}:1` }));
  const nodes = [...topology.nodes, { ...places[1], role: "regional-observer" }];
  const answers = { ...healthy, r1: { state: "removed", term: 1 }, r2, r3 };
  const fleet = await fleetStatus({ nodes }, saying(answers, { r3: places }));
  expect(fleet.nodes.map(({ node, role }) => `${node} ${role}`).slice(3)).toEqual([
    "r1 removed",
    "e1 edge",
    "r3 regional-voter",
    "r2 regional-voter",
  ]);
  expect(fleet.clusters["us-west"]?.members.map(({ node }) => node)).toEqual(["r3", "r2"]);
  const r1 = { state: "waiting" };
  const parted = await fleetStatus({ nodes }, saying({ ...answers, r1 }, { r3: places }));
  expect(parted.nodes.find(({ node }) => node === "r1")?.role).toBe("waiting");
  expect(parted.clusters["us-west"]?.members).toHaveLength(2);
  const { r1: _, ...stopped } = answers;
  const later = await fleetStatus({ nodes }, saying(stopped, { r3: places }));
  expect(later.nodes.map(({ node }) => node)).not.toContain("r1");
  expect(later.unreachable).toEqual([]);
});
