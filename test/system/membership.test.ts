/** Three servers become four and three again while they serve, with `kill -9` in between. */
import { expect, test } from "vitest";

import { AcknowledgedWrites } from "./support/acknowledged-writes.ts";
import { Cluster, type Server } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { printFigure } from "./support/figures.ts";
import { meridian } from "./support/program.ts";
import { Scratch } from "./support/scratch.ts";

/** Longest time without an acknowledgement, a kill of the leader included. */
const pauseMsMax = 15_000;

interface Membership {
  readonly leader: string;
  readonly changing: boolean;
  readonly members: readonly {
    readonly node: string;
    readonly standing: string;
    readonly state: string;
    readonly behind: number;
  }[];
}

test("a member is added, promoted, takes the place of the first, and nothing is lost", async () => {
  await using scratch = new Scratch("membership");
  await using cluster = await Cluster.start(scratch, 3);
  const [first, second, third] = cluster.nodes;
  const client = await cluster.client();
  const options = { directory: "/regions/local/members", clients: [client, client], paceMs: 5 };
  await using writes = await AcknowledgedWrites.start(options);
  const startedMs = performance.now();

  const fourth = await cluster.newcomer("local-4");
  const added = await changed(cluster, "add", "local-4", "--address", fourth.address);
  expect(standings(added)["local-4"]).toBe("learner");
  const early = await cluster.run(["member", "promote", "local-4", "-o", "json"]);
  expect(early.code).toBe(5);
  expect(JSON.parse(early.stdout)).toMatchObject({ error: { code: "CHANGE_EARLY" } });

  fourth.start();
  await killed(second, cluster);
  const promoted = await changed(cluster, "promote", "local-4", "--wait");
  expect(standings(promoted)["local-4"]).toBe("voter");
  await killed(fourth, cluster);

  const removed = await changed(cluster, "remove", "local-1");
  expect(Object.keys(standings(removed)).sort()).toEqual(["local-2", "local-3", "local-4"]);
  const again = await cluster.run(["member", "add", "local-1", "--address", "127.0.0.1:1"]);
  expect(again.code).toBe(5);
  expect(again.stderr).toMatch(/a name is used once/);
  await until("the removed server says that it may go", 30_000, () =>
    first?.output.includes("removed from its cluster") === true ? true : undefined,
  );
  expect(await first?.stop()).toBe(0);

  // The vote of the new one counts: with the leader gone, it is needed.
  const leader = serverOf([second, third, fourth], (await listed(cluster)).leader);
  await killed(leader, cluster);
  const { leader: next } = await listed(cluster);
  await until("more is acknowledged", 30_000, countRises(writes));
  await writes.stop();
  const { count, refusals, unknowns } = writes;
  printFigure("writes", `${count} acknowledged, ${refusals.length} refused, ${unknowns} unknown`);
  const pauseMs = writes.longestPauseMs(startedMs);
  printFigure("longest pause over all changes and kills", `${Math.round(pauseMs)} ms`);
  expect(pauseMs).toBeLessThan(pauseMsMax);
  expect(["local-2", "local-3", "local-4"]).toContain(next);
  expect(await writes.broken(client)).toEqual({ missing: [], applied: [] });

  const { stdout } = await meridian(["topology", "-o", "json", "--endpoints", fourth.address]);
  const { nodes } = JSON.parse(stdout) as { nodes: readonly { node: string; role: string }[] };
  expect(nodes.map(({ node, role }) => `${node} ${role}`)).toEqual([
    "local-2 regional-voter",
    "local-3 regional-voter",
    "local-4 regional-voter",
  ]);
});

/** Runs `meridian member`, which has to succeed. */
async function changed(cluster: Cluster, ...args: readonly string[]): Promise<Membership> {
  const { code, stdout, stderr } = await cluster.run(["member", ...args, "-o", "json"]);
  expect(`${code} ${stderr}${code === 0 ? "" : stdout}`).toMatch(
    /^0 (?:meridian: waiting: .*\n)*$/,
  );
  const membership = JSON.parse(stdout) as Membership;
  expect(membership.changing).toBe(false);
  return membership;
}

async function listed(cluster: Cluster): Promise<Membership> {
  return await until("a leader is listed", 30_000, async () => {
    const { code, stdout } = await cluster.run(["member", "list", "-o", "json"]);
    const membership = JSON.parse(stdout) as Membership;
    return code === 0 && membership.leader !== "" ? membership : undefined;
  });
}

function standings({ members }: Membership): Readonly<Record<string, string>> {
  return Object.fromEntries(members.map(({ node, standing }) => [node, standing]));
}

/** Kills a server, starts it again, and waits until its leader finds it near. */
async function killed(server: Server | undefined, cluster: Cluster): Promise<void> {
  if (server === undefined) throw new Error("there is no such server");
  await server.stop("SIGKILL");
  server.start();
  const name = server.config.replace(/^.*\/|\.yaml$/g, "");
  await until(`${name} keeps up`, 30_000, async () => {
    const { members } = await listed(cluster);
    const member = members.find(({ node }) => node === name);
    return member !== undefined && ["leader", "replicate"].includes(member.state)
      ? true
      : undefined;
  });
}

function serverOf(servers: readonly (Server | undefined)[], name: string): Server | undefined {
  return servers.find((server) => server?.config.endsWith(`/${name}.yaml`));
}

/** True once something was acknowledged after the call. */
function countRises(writes: AcknowledgedWrites): () => true | undefined {
  const { count } = writes;
  return () => (writes.count > count ? true : undefined);
}
