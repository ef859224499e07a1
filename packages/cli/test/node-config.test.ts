import { expect, test } from "vitest";

import { parseNodeConfig, readNodeConfig } from "../src/config/node-config.ts";
import { ConfigError } from "../src/config/problem.ts";

const valid = `
node: us-west-1
region: us-west
role: regional-voter
listen: 127.0.0.1:7401
data: ./data
cluster:
  - { node: us-west-1, region: us-west, role: regional-voter, address: "127.0.0.1:7401" }
  - node: us-west-2
    region: us-west
    role: regional-voter
    address: 127.0.0.1:7402
    addressFrom: { apac: "127.0.0.1:7502" }
`;

function problems(text: string): readonly string[] {
  try {
    parseNodeConfig("node.yaml", text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("a valid configuration is read with its defaults", () => {
  const config = parseNodeConfig("/etc/meridian/node.yaml", valid);
  expect(config).toMatchObject({
    node: "us-west-1",
    role: "regional-voter",
    group: undefined,
    advertise: "127.0.0.1:7401",
    data: "/etc/meridian/data",
    global: [],
    log: { level: "info" },
  });
  expect(config.cluster[1]?.addressFrom).toEqual({ apac: "127.0.0.1:7502" });
});

test("strict reads ask a quorum unless a lease is asked for, and edges have neither", () => {
  expect(parseNodeConfig("node.yaml", valid).reads).toBe(undefined);
  expect(parseNodeConfig("node.yaml", `${valid}reads: lease\n`).reads).toBe("lease");
  const edge = valid.replace("role: regional-voter\nlisten", "role: edge\nlisten");
  expect(problems(`${edge}reads: lease\n`)).toContain(
    "node.yaml:14:8: reads: an edge has no quorum to ask",
  );
});

test("an unknown key is an error at its line with the nearest known key", () => {
  expect(problems(valid.replace("region: us-west\nrole", "regoin: us-west\nrole"))).toEqual([
    "node.yaml:2:1: region: missing; expected string",
    "node.yaml:3:1: regoin: unknown key; did you mean region?",
  ]);
  expect(problems(valid.replace("addressFrom", "adressFrom"))).toEqual([
    "node.yaml:13:5: cluster[1].adressFrom: unknown key; did you mean addressFrom?",
  ]);
});

test("a key far from all others is answered with the keys that exist", () => {
  expect(problems(`${valid}log: { colour: red }\n`)).toEqual([
    "node.yaml:14:8: log.colour: unknown key; expected one of level",
  ]);
});

test("a wrong type tells what was expected and what was found", () => {
  expect(problems(valid.replace("./data", "7"))).toEqual([
    "node.yaml:6:7: data: expected string, found 7",
  ]);
  expect(problems(`${valid}timeouts: { electionMs: soon }\n`)).toEqual([
    'node.yaml:14:25: timeouts.electionMs: expected number, found "soon"',
  ]);
  expect(problems(`${valid}timeouts: { electionMs: 0 }\n`)).toEqual([
    "node.yaml:14:25: timeouts.electionMs: expected at least 1, found 0",
  ]);
});

test("a wrong word is answered with the words that exist and the nearest of them", () => {
  expect(problems(valid.replace("role: regional-voter\nlisten", "role: voter\nlisten"))).toEqual([
    "node.yaml:4:7: role: expected one of global-voter, witness, regional-voter, " +
      'regional-observer, edge, found "voter"',
  ]);
  expect(problems(`${valid}log: { level: inof }\n`).join("\n")).toMatch(/did you mean info\?/);
});

test("an address that nobody can use is refused", () => {
  expect(problems(valid.replace("listen: 127.0.0.1:7401", "listen: localhost"))).toEqual([
    'node.yaml:5:9: listen: expected host:port, such as 127.0.0.1:7400, found "localhost"',
  ]);
  expect(problems(valid.replace("address: 127.0.0.1:7402", "address: 127.0.0.1:0"))).toHaveLength(
    1,
  );
});

test("tls and metrics are refused as not available, not ignored", () => {
  expect(problems(`${valid}tls: { ca: x }\nmetrics: { port: 1 }\n`)).toEqual([
    expect.stringMatching(/^node\.yaml:14:6: tls: reserved, not available in this version/),
    expect.stringMatching(/^node\.yaml:15:10: metrics: reserved, not available in this version/),
  ]);
});

test("rules across keys are checked: membership, groups, data, regions", () => {
  expect(problems(valid.replace("node: us-west-1\nregion", "node: us-west-9\nregion"))).toEqual([
    "node.yaml:8:3: cluster: the node itself (us-west-9) is not among the members",
  ]);
  expect(problems(`${valid}group: primary\n`)).toEqual([
    "node.yaml:14:8: group: only global voters and witnesses have one, not a regional-voter",
  ]);
  expect(problems(valid.replace("data: ./data\n", ""))).toEqual([
    "node.yaml:2:1: data: missing; a regional-voter keeps its data in a directory",
  ]);
  expect(problems("node: e\nregion: r\nrole: edge\nlisten: 127.0.0.1:1\n")).toEqual([
    "node.yaml:1:1: regions: missing; an edge follows a region, nearest first",
  ]);
});

test("broken YAML and a key that stands twice are errors with their line", () => {
  expect(problems("node: [a\nregion: b\n")[0]).toMatch(/^node\.yaml:\d+:\d+: /);
  expect(problems(`${valid}node: again\n`)[0]).toMatch(/^node\.yaml:14:1: /);
});

test("a file that cannot be read is an error that names it", () => {
  expect(() => readNodeConfig("/no/such/node.yaml")).toThrow(/^\/no\/such\/node\.yaml:1:1: cannot/);
});
