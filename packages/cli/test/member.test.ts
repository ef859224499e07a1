import { serve, type Server, type MembershipHandlers } from "@meridian/transport";
import {
  type Encodable,
  type IChangeMembersRequest,
  type IMembership,
  MeridianError,
} from "@meridian/wire";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { main } from "../src/main.ts";

let written: { out: string; err: string };
let server: Server | undefined;
/** Told with every line on stderr. */
let onMessage: () => void;

beforeEach(() => {
  written = { out: "", err: "" };
  onMessage = () => {};
  vi.spyOn(process.stdout, "write").mockImplementation((text, ...rest: unknown[]) => {
    written.out += String(text);
    const done = rest.at(-1);
    if (typeof done === "function") done();
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.err += String(text);
    onMessage();
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await server?.close();
  server = undefined;
});

interface Cluster {
  readonly requests: IChangeMembersRequest[];
  /** Runs `meridian` against it, and gives the exit code. */
  run(...args: readonly string[]): Promise<number>;
}

/** One server that says this of its group, and answers every change so. */
async function clusterOf(
  membership: Encodable<IMembership>,
  answer: MembershipHandlers["changeMembers"] = () => ({ membership, changed: true, index: 9 }),
  stand?: () => string,
): Promise<Cluster> {
  const requests: IChangeMembersRequest[] = [];
  let address = "";
  let elected: Encodable<IMembership> = {};
  const here = (): Encodable<IMembership> => ({
    ...membership,
    ...elected,
    members: (membership.members ?? []).map((member) => ({ ...member, address })),
  });
  server = await serve({
    listen: "127.0.0.1:0",
    admin: {
      status: () => ({}),
      topology: () => ({
        nodes: (membership.members ?? []).map(({ node, role }) => {
          return { node, role, address, cluster: membership.cluster };
        }),
      }),
      transferLeadership: () => ({}),
      ...(stand !== undefined && {
        standForElection: () => {
          elected = { leader: stand() };
          return { leader: elected.leader ?? "", term: 5 };
        },
      }),
      membership: {
        members: () => ({ membership: here() }),
        changeMembers: (request, caller) => {
          requests.push(request);
          return answer(request, caller);
        },
        holdLeadership: ({ group }) => {
          if (here().leader === "") throw new MeridianError("NOT_LEADER", "nobody leads");
          return { changed: true, membership: { ...here(), heldBy: group } };
        },
      },
    },
  });
  address = server.address;
  return {
    requests,
    run: async (...args) => {
      process.exitCode = undefined;
      await main([...args, "--endpoints", address]);
      return Number(process.exitCode ?? 0);
    },
  };
}

const regional: Encodable<IMembership> = {
  cluster: "us-west",
  toldBy: "a",
  leader: "a",
  term: 4,
  members: [
    {
      node: "a",
      region: "us-west",
      role: "regional-voter",
      group: "voters",
      standing: "voter",
      state: "leader",
      active: true,
      matchIndex: 90,
    },
    {
      node: "d",
      region: "us-west",
      role: "regional-observer",
      group: "voters",
      standing: "learner",
      state: "snapshot",
      active: true,
      matchIndex: 10,
      behind: 80,
    },
  ],
};

test("members are listed with their standing and how far behind they are", async () => {
  const cluster = await clusterOf(regional);
  expect(await cluster.run("member", "list")).toBe(0);
  expect(written.out).toMatch(/^us-west: a leads, term 4\n/);
  expect(written.out).toMatch(/\nMEMBER +STANDING +GROUP +REGION +STATE +BEHIND +ADDRESS\n/);
  expect(written.out).toMatch(/\nd +learner +voters +us-west +snapshot +80 +127\.0\.0\.1:\d+\n/);
  written.out = "";
  expect(await cluster.run("member", "list", "-o", "json")).toBe(0);
  expect(JSON.parse(written.out)).toMatchObject({
    cluster: "us-west",
    leader: "a",
    members: [{ node: "a" }, { node: "d", standing: "learner", behind: 80 }],
  });
});

test("a change is asked for in one call, and what came of it is printed", async () => {
  const cluster = await clusterOf(regional);
  const remove = ["--remove", "a", "b"];
  expect(await cluster.run("member", "promote", "d", "e", "--group", "voters", ...remove)).toBe(0);
  expect(await cluster.run("member", "add", "f", "--address", "h:7400")).toBe(0);
  expect(await cluster.run("member", "demote", "b")).toBe(0);
  expect(await cluster.run("member", "remove", "b", "c")).toBe(0);
  expect(cluster.requests).toMatchObject([
    {
      promote: [
        { node: "d", group: "voters" },
        { node: "e", group: "voters" },
      ],
      remove: ["a", "b"],
    },
    { add: [{ node: "f", address: "h:7400" }] },
    { demote: ["b"] },
    { remove: ["b", "c"] },
  ]);
  expect(written.out).toMatch(/^d, e have a vote now, a, b left\n\nus-west: a leads/);
  expect(written.out).toMatch(/f is a learner now: start it, and promote it/);
  expect(written.err).toBe("");
});

test("nothing to do is no failure", async () => {
  const membership = regional;
  const cluster = await clusterOf(regional, () => ({ membership, changed: false, index: 0 }));
  expect(await cluster.run("member", "remove", "z")).toBe(0);
  expect(written.out).toMatch(/^nothing to do: it is so already\n/);
});

test("a refusal is told with its code, and the shell gets 5", async () => {
  const cluster = await clusterOf(regional, () => {
    throw new MeridianError("CHANGE_REFUSED", "no voter would be left", { hint: "last-voter" });
  });
  expect(await cluster.run("member", "remove", "a")).toBe(5);
  expect(written.err).toBe("meridian: no voter would be left [CHANGE_REFUSED]\n");
  expect(await cluster.run("member", "remove", "a", "-o", "json")).toBe(5);
  expect(JSON.parse(written.out)).toEqual({
    error: { code: "CHANGE_REFUSED", message: "no voter would be left", retryable: false },
  });
});

test("a learner that is behind is waited for where wished, and else it is a refusal", async () => {
  let answers = 0;
  const cluster = await clusterOf(regional, () => {
    answers += 1;
    if (answers % 3 === 0) return { membership: regional, changed: true, index: 3 };
    throw new MeridianError("CHANGE_EARLY", "d is 80 entries behind", { hint: "learner-behind" });
  });
  expect(await cluster.run("member", "promote", "d", "--wait")).toBe(0);
  expect(answers).toBe(3);
  expect(await cluster.run("member", "promote", "d")).toBe(5);
  expect(written.err).toMatch(/d is 80 entries behind \[CHANGE_EARLY\]/);
});

test("whoever waits for long is told on stderr what for", async () => {
  const told = new Promise<void>((resolve) => (onMessage = resolve));
  const cluster = await clusterOf(regional, async () => {
    await told;
    return { membership: regional, changed: true, index: 3 };
  });
  expect(await cluster.run("member", "promote", "d", "-o", "json")).toBe(0);
  expect(written.err).toMatch(
    /^meridian: waiting: a leads; .*d is 80 entries behind \(snapshot\)\n/,
  );
  expect(JSON.parse(written.out)).toMatchObject({ changed: true, index: 3 });
});

test("which group is meant has to be said where there are several", async () => {
  const cluster = await clusterOf(regional);
  expect(await cluster.run("member", "list", "--region", "us-wets")).toBe(2);
  expect(written.err).toMatch(/there is no cluster us-wets; did you mean us-west\?/);
  expect(await cluster.run("member", "list", "--cluster", "us-west")).toBe(0);
  expect(await cluster.run("member", "add", "f", "--address", "h")).toBe(2);
  expect(written.err).toMatch(/an address is host:port/);
});

test("leadership is held by the group that leads, or by that of a region", async () => {
  const member = { role: "global-voter", standing: "voter", active: true };
  const cluster = await clusterOf({
    cluster: "global",
    toldBy: "p1",
    leader: "p1",
    members: [
      { ...member, node: "p1", region: "us-east", group: "primary", state: "leader" },
      { ...member, node: "s1", region: "eu-central", group: "secondary", state: "replicate" },
    ],
  });
  expect(await cluster.run("global", "hold")).toBe(0);
  expect(written.out).toMatch(/leadership stays in group primary/);
  expect(await cluster.run("global", "hold", "--region", "eu-central")).toBe(0);
  expect(written.out).toMatch(/leadership is held by group secondary/);
  expect(await cluster.run("global", "hold", "--region", "apac")).toBe(2);
  expect(written.err).toMatch(/no voter group is in apac; there are some in us-east, eu-central/);
  expect(await cluster.run("global", "release")).toBe(0);
});

const orphaned: Encodable<IMembership> = {
  cluster: "global",
  toldBy: "s1",
  leader: "",
  heldBy: "primary",
  members: ["primary", "secondary"].map((group) => {
    return { node: `${group[0]}1`, group, role: "global-voter", standing: "voter" };
  }),
};

test("a release without a leader tells who was elected for it", async () => {
  const cluster = await clusterOf(orphaned, undefined, () => "s1");
  expect(await cluster.run("global", "release", "--timeout", "4000")).toBe(0);
  const [first, second] = written.out.split("\n");
  expect(first).toBe("nobody led: s1 was elected by hand");
  expect(second).toBe("leadership goes where it will again");
  expect(written.out).toMatch(/\nglobal: s1 leads, term/);
});

test("so does its JSON, which scripts read", async () => {
  const cluster = await clusterOf(orphaned, undefined, () => "s1");
  expect(await cluster.run("global", "release", "--timeout", "4000", "-o", "json")).toBe(0);
  const told = { changed: true, elected: "s1", leader: "s1", heldBy: "" };
  expect(JSON.parse(written.out)).toMatchObject(told);
});

test("a release that nobody could be elected for says why, and the shell gets 3", async () => {
  const cluster = await clusterOf(orphaned, undefined, () => {
    throw new MeridianError("CHANGE_EARLY", "s1 was not elected", { hint: "not-elected" });
  });
  const message =
    "global: nobody leads; leadership is held by group primary, and none of another group was " +
    "elected: s1 was not elected";
  expect(await cluster.run("global", "release", "--timeout", "1000")).toBe(3);
  expect(written.err).toContain(`meridian: ${message} [NOT_LEADER]\n`);
  written.out = "";
  expect(await cluster.run("global", "release", "--timeout", "1000", "-o", "json")).toBe(3);
  const error = { code: "NOT_LEADER", message, retryable: true };
  expect(JSON.parse(written.out)).toEqual({ error });
});

test("the help of a release says what it does where nobody leads", async () => {
  const cluster = await clusterOf(orphaned);
  expect(await cluster.run("global", "release", "--help")).toBe(0);
  expect(written.out).toMatch(/asked in turn to stand for election/);
});
