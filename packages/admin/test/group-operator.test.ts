import {
  type Encodable,
  type IMembership,
  Membership,
  MeridianError,
  type MeridianErrorCode,
} from "@meridian/wire";
import { expect, test } from "vitest";
import { GroupOperator, type OperatorChannel } from "../src/group-operator.ts";

/** What a node answers to a change, or the refusal. */
type Answer = { readonly changed: boolean; readonly index: number } | MeridianError;

interface Fake {
  readonly asked: string[];
  readonly opened: string[];
  readonly closed: string[];
  /** By node; without one it cannot be reached. */
  readonly told: Record<string, Encodable<IMembership>>;
  /** By node: answers to changes, in turn; the last one stays. */
  readonly answers: Record<string, Answer[]>;
  /** By node: what comes of asking it to stand; a name: who leads then. */
  readonly stands: Record<string, (() => string) | MeridianError>;
  readonly stood: string[];
  readonly operator: GroupOperator;
}

const members = ["a", "b", "c"].map((node) => ({
  node,
  address: `${node}:1`,
  addressFrom: { apac: `${node}.apac:2` },
}));

function refusal(code: MeridianErrorCode, hint = ""): MeridianError {
  return new MeridianError(code, "no", { hint });
}

function fake(options: { readonly waits?: boolean; readonly cluster?: string } = {}): Fake {
  const { waits = false, cluster = "us-west" } = options;
  const asked: string[] = [];
  const opened: string[] = [];
  const closed: string[] = [];
  const told: Fake["told"] = {};
  const answers: Fake["answers"] = {};
  const stands: Fake["stands"] = {};
  const stood: string[] = [];
  let nowMs = 0;
  const act = (node: string): Answer => {
    asked.push(node);
    nowMs += 10;
    const [first, ...rest] = answers[node] ?? [];
    if (rest.length > 0) answers[node] = rest;
    return first ?? refusal("REGION_UNAVAILABLE");
  };
  const openChannel = (address: string): OperatorChannel => {
    const node = address.split(/[.:]/)[0] ?? "";
    opened.push(address);
    return {
      async members() {
        const membership = told[node];
        nowMs += 1;
        if (membership === undefined) throw refusal("REGION_UNAVAILABLE");
        return {
          membership: Membership.decode(Membership.encode({ toldBy: node, ...membership })),
        };
      },
      async changeMembers() {
        const answer = act(node);
        if (answer instanceof MeridianError) throw answer;
        return { ...answer, membership: undefined };
      },
      async holdLeadership() {
        const answer = act(node);
        if (answer instanceof MeridianError) throw answer;
        return { changed: answer.changed, membership: undefined };
      },
      async standForElection() {
        stood.push(node);
        nowMs += 100;
        const stand = stands[node] ?? refusal("UNSUPPORTED");
        if (stand instanceof MeridianError) throw stand;
        return { leader: stand(), term: 9 };
      },
      close: () => closed.push(address),
    };
  };
  const operator = new GroupOperator({
    cluster,
    seeds: ["z:1", "a:1", "b:1"],
    openChannel,
    region: "apac",
    deadlineMs: 5_000,
    waitsFor: ({ hint }) => waits && hint === "learner-behind",
    nowMs: () => nowMs,
    pause: (forMs) => {
      nowMs += forMs;
      return Promise.resolve();
    },
  });
  return { asked, opened, closed, told, answers, stands, stood, operator };
}

const healthy = { cluster: "us-west", leader: "b", term: 3, members };
const done = { changed: true, index: 7 };

test("the leader is found through any member, and asked where its region is told to", async () => {
  const { told, answers, operator, asked, opened, closed } = fake();
  told["a"] = healthy;
  told["b"] = healthy;
  answers["b"] = [done];
  expect(await operator.change({ remove: ["c"] })).toMatchObject(done);
  expect(asked).toEqual(["b"]);
  expect(opened).toEqual(["z:1", "a:1", "b.apac:2", "b.apac:2"]);
  expect(closed).toEqual(opened);
});

test("leadership that moved is followed by the hint", async () => {
  const { told, answers, operator, asked } = fake();
  told["a"] = healthy;
  answers["b"] = [refusal("NOT_LEADER", "c")];
  answers["c"] = [done];
  await operator.change({ remove: ["a"] });
  expect(asked).toEqual(["b", "c"]);
});

test("two members that name each other as leader do not keep the caller for ever", async () => {
  const { told, answers, operator, asked } = fake();
  told["a"] = healthy;
  answers["b"] = [refusal("NOT_LEADER", "c")];
  answers["c"] = [refusal("NOT_LEADER", "b")];
  await expect(operator.change({ remove: ["a"] })).rejects.toMatchObject({ code: "NOT_LEADER" });
  expect(asked.length).toBeLessThan(60);
});

test("a lost answer is asked for again, until what was begun has ended", async () => {
  const { told, answers, operator, asked } = fake();
  told["a"] = healthy;
  answers["b"] = [
    refusal("UNKNOWN"),
    refusal("CHANGE_EARLY", "in-flight"),
    { changed: false, index: 0 },
  ];
  expect(await operator.change({ remove: ["c"] })).toMatchObject({ changed: false });
  expect(asked).toEqual(["b", "b", "b"]);
});

test("somebody else's change under way is told, not waited for", async () => {
  const { told, answers, operator, asked } = fake();
  told["a"] = healthy;
  answers["b"] = [refusal("CHANGE_EARLY", "in-flight")];
  await expect(operator.change({ remove: ["c"] })).rejects.toMatchObject({ hint: "in-flight" });
  expect(asked).toEqual(["b"]);
});

test("a leader that has just begun is asked again, a learner waited for where wished", async () => {
  const { told, answers, operator, asked } = fake({ waits: true });
  told["a"] = healthy;
  const behind = refusal("CHANGE_EARLY", "learner-behind");
  answers["b"] = [refusal("CHANGE_EARLY", "unready"), behind, behind, done];
  await operator.change({ promote: [{ node: "d" }] });
  expect(asked).toHaveLength(4);
  const impatient = fake();
  impatient.told["a"] = healthy;
  impatient.answers["b"] = [behind, done];
  const refused = impatient.operator.change({ promote: [{ node: "d" }] });
  await expect(refused).rejects.toMatchObject({ hint: "learner-behind" });
});

test("a refusal is final", async () => {
  const { told, answers, operator, asked } = fake();
  told["a"] = healthy;
  answers["b"] = [refusal("CHANGE_REFUSED", "last-voter"), done];
  await expect(operator.change({ remove: ["a"] })).rejects.toMatchObject({ hint: "last-voter" });
  expect(asked).toEqual(["b"]);
});

test("without a leader it is waited until the deadline and no longer", async () => {
  const { told, operator, asked } = fake();
  told["a"] = { ...healthy, leader: "" };
  await expect(operator.hold("primary")).rejects.toMatchObject({ code: "NOT_LEADER" });
  expect(asked).toEqual([]);
});

test("members of another cluster are not taken for members of this one", async () => {
  const { told, operator } = fake({ cluster: "global" });
  told["a"] = healthy;
  await expect(operator.membership()).rejects.toMatchObject({ code: "GLOBAL_UNAVAILABLE" });
});

test("the newest term is believed, and the leader's own word most", async () => {
  const { told, operator } = fake();
  told["a"] = { ...healthy, leader: "", term: 9 };
  told["b"] = { ...healthy, leader: "c", term: 10 };
  told["c"] = { ...healthy, leader: "c", term: 10, heldBy: "said by c" };
  expect(await operator.membership()).toMatchObject({ toldBy: "c", heldBy: "said by c" });
});

/** Four members of three groups; `p` holds leadership and does not answer. */
function orphaned(): Fake {
  const all = fake({ cluster: "global" });
  const group = { a: "s", b: "s", c: "w", z: "p" };
  const groupMembers = Object.entries(group).map(([node, name]) => {
    const standing = name === "w" ? "witness" : "voter";
    return { node, address: `${node}:1`, group: name, standing };
  });
  const membership = { cluster: "global", leader: "", heldBy: "p", term: 3, members: groupMembers };
  for (const node of ["a", "b", "c"]) all.told[node] = membership;
  return all;
}

/** From now on everybody says that this one leads. */
function ledBy({ told }: Fake, leader: string): string {
  for (const [node, membership] of Object.entries(told)) told[node] = { ...membership, leader };
  return leader;
}

test("a release without a leader asks voters of other groups in turn, witnesses last", async () => {
  const all = orphaned();
  const { stands, stood, answers, asked, operator, opened, closed } = all;
  for (const node of ["a", "b"]) stands[node] = refusal("CHANGE_EARLY", "not-elected");
  stands["c"] = () => ledBy(all, "c");
  answers["c"] = [refusal("CHANGE_EARLY", "unready"), done];
  expect(await operator.release()).toMatchObject({ changed: true, elected: "c" });
  expect(stood).toEqual(["a", "b", "c"]);
  expect(asked).toEqual(["c", "c"]);
  expect(closed.toSorted()).toEqual(opened.toSorted());
});

test("a witness that was elected makes way, and one that keeps data is asked again", async () => {
  const all = orphaned();
  const { stands, stood, answers, operator } = all;
  stands["a"] = stands["b"] = refusal("CHANGE_EARLY", "not-elected");
  stands["c"] = () => {
    ledBy(all, "c");
    stands["a"] = () => ledBy(all, "a");
    return "c";
  };
  const lost = refusal("NOT_LEADER");
  Object.defineProperty(answers, "c", {
    get: () => {
      ledBy(all, "");
      return [lost];
    },
  });
  answers["a"] = [done];
  expect(await operator.release()).toMatchObject({ changed: true, elected: "a" });
  expect(stood).toEqual(["a", "b", "c", "a"]);
});

test("a release that finds a leader, or hears of one, asks nobody to stand", async () => {
  const all = orphaned();
  ledBy(all, "a");
  all.answers["a"] = [done];
  expect(await all.operator.release()).toMatchObject({ changed: true, elected: "" });
  const remote = orphaned();
  // It leads, and cannot be reached from here.
  ledBy(remote, "z");
  const code = "GLOBAL_UNAVAILABLE";
  remote.answers["z"] = [refusal(code)];
  await expect(remote.operator.release()).rejects.toMatchObject({ code });
  expect([...all.stood, ...remote.stood]).toEqual([]);
});

test("a group that nobody holds elects by itself, and who was faster is used", async () => {
  const free = orphaned();
  for (const [node, told] of Object.entries(free.told)) free.told[node] = { ...told, heldBy: "" };
  await expect(free.operator.release()).rejects.toMatchObject({ code: "NOT_LEADER" });
  const soon = orphaned();
  soon.stands["a"] = () => ledBy(soon, "b");
  soon.answers["b"] = [done];
  // Another one was faster.
  expect(await soon.operator.release()).toMatchObject({ elected: "b" });
  expect(free.stood).toEqual([]);
});

test("a change or a hold makes nobody stand", async () => {
  const { operator, stood } = orphaned();
  await expect(operator.hold("s")).rejects.toMatchObject({ code: "NOT_LEADER" });
  await expect(operator.change({ remove: ["z"] })).rejects.toMatchObject({ code: "NOT_LEADER" });
  expect(stood).toEqual([]);
});

test("when nobody is elected the release says who holds leadership and who refused", async () => {
  const { operator, stands } = orphaned();
  stands["a"] = new MeridianError("CHANGE_EARLY", "a was not elected");
  stands["b"] = new MeridianError("UNKNOWN", "the connection broke");
  let asked = 0;
  Object.defineProperty(stands, "c", {
    get: () => {
      asked += 1;
      // What the deadline cuts off does not take the place of a reason.
      if (asked > 1) return new MeridianError("DEADLINE", "no answer within 3 ms");
      return new MeridianError("CHANGE_EARLY", "c was not elected");
    },
  });
  await expect(operator.release()).rejects.toMatchObject({
    code: "NOT_LEADER",
    description:
      "global: nobody leads; leadership is held by group p, and none of another group was " +
      "elected: a was not elected; b: the connection broke; c was not elected",
  });
  expect(asked).toBeGreaterThan(1);
  const alone = orphaned();
  const own = alone.told["a"]?.members?.map((member) => ({ ...member, group: "p" }));
  for (const node of ["b", "c"]) delete alone.told[node];
  alone.told["a"] = { ...alone.told["a"], members: own ?? [] };
  await expect(alone.operator.release()).rejects.toMatchObject({
    code: "NOT_LEADER",
    description: expect.stringMatching(/held by group p, and no voter of another group answers$/),
  });
});
