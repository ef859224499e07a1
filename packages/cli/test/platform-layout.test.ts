import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { parseNodeConfig } from "../src/config/node-config.ts";
import { addressOf, parseTopology, regionsOf } from "../src/config/topology.ts";
import { formatTopology } from "../src/config/topology.ts";
import { PlatformDirectory } from "../src/dev/directory.ts";
import { ConfigWriter, topologyOf, type PlacedNode } from "../src/dev/layout.ts";
import { plannedNodes, plannedProcesses, regions } from "../src/dev/picture.ts";
import { measuredRoundTripTimes } from "../src/wan/round-trip-times.ts";

const directory = new PlatformDirectory(join(mkdtempSync(join(tmpdir(), "meridian-")), "data"));

function placedNodes(): readonly PlacedNode[] {
  return plannedNodes().map((node, index) => ({
    ...node,
    process: "any",
    address: `127.0.0.1:${7401 + index}`,
    addressFrom: Object.fromEntries(
      regions
        .filter((region) => region !== node.region)
        .map((region, offset) => [region, `127.0.0.1:${7500 + index * 6 + offset}`]),
    ),
  }));
}

test("the picture has thirteen global voters, five regional clusters and five edges", () => {
  const nodes = plannedNodes();
  const count = (role: string, region?: string): number =>
    nodes.filter((node) => node.role === role && (region ?? node.region) === node.region).length;
  expect(nodes).toHaveLength(38);
  expect(count("global-voter", "us-east")).toBe(5);
  expect(count("global-voter", "eu-central")).toBe(5);
  expect(count("witness")).toBe(3);
  for (const region of ["us-west", "us-central", "eu-west", "apac", "sa-east"]) {
    expect(count("regional-voter", region)).toBe(3);
    expect(count("regional-observer", region)).toBe(1);
    expect(count("edge", region)).toBe(1);
  }
});

test("compact is one process a site or point of presence, full one a node", () => {
  const compact = plannedProcesses(plannedNodes(), "compact");
  expect(compact).toHaveLength(12);
  expect(compact.flatMap(({ nodes }) => nodes)).toHaveLength(38);
  for (const { region, nodes } of compact) {
    expect(new Set(nodes.map((node) => node.region))).toEqual(new Set([region]));
  }
  expect(plannedProcesses(plannedNodes(), "full")).toHaveLength(38);
});

test("every configuration that is written can be read back", () => {
  const nodes = placedNodes();
  const writer = new ConfigWriter(nodes, measuredRoundTripTimes, directory);
  for (const node of nodes) {
    const config = parseNodeConfig(directory.config(node.name), writer.textOf(node));
    expect(config.node).toBe(node.name);
    expect(config.global).toHaveLength(13);
    expect(Object.keys(config.regions)).toHaveLength(5);
    expect(config.data).toBe(node.tier === "edge" ? undefined : directory.data(node.name));
  }
});

test("regions stand nearest first in a configuration", () => {
  const nodes = placedNodes();
  const writer = new ConfigWriter(nodes, measuredRoundTripTimes, directory);
  const texts = nodes.filter(({ name }) => name === "apac-edge").map((node) => writer.textOf(node));
  const { regions: nearest } = parseNodeConfig("apac-edge.yaml", texts[0] ?? "");
  expect(Object.keys(nearest)).toEqual(["apac", "us-west", "us-central", "eu-west", "sa-east"]);
});

test("the topology file names every node and is read back as it was", () => {
  const topology = topologyOf(placedNodes(), "127.0.0.1:7400", directory);
  const read = parseTopology("topology.yaml", formatTopology(topology, "two\nlines"));
  expect(read).toEqual(topology);
  expect(regionsOf(read)).toHaveLength(5);
  const node = read.nodes.find(({ name }) => name === "us-west-1");
  expect(node && addressOf(node, "us-west")).toBe(node?.address);
  expect(node && addressOf(node, "apac")).toBe(node?.addressFrom["apac"]);
});

test("a topology file with a broken node is refused at its line", () => {
  const text =
    "nodes:\n  - { name: a, region: r, role: edge, address: '127.0.0.1:1' }\n  - { name: b }\n";
  expect(() => parseTopology("t.yaml", text)).toThrow(
    "t.yaml:3:5: nodes[1].region: expected the name of a region",
  );
  expect(() => parseTopology("t.yaml", "control: x\n")).toThrow(/expected a list of nodes/);
});

test("a directory serves one platform, and a claim dies with its process", () => {
  const claimed = new PlatformDirectory(mkdtempSync(join(tmpdir(), "meridian-")));
  claimed.claim();
  expect(() => new PlatformDirectory(claimed.path).claim()).toThrow(/runs on .* already/);
  claimed.release();
  claimed.claim();
  claimed.release();
});
