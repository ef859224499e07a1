/** What the command says and does while it runs: events, locks, sessions; how it ends. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { RunningCommand } from "./support/running-command.ts";
import { Scratch } from "./support/scratch.ts";

const own = "/regions/local";
/** More than a watch keeps for its reader. */
const eventsMany = 25_000;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("command");
  cluster = await Cluster.start(scratch, 3);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

interface EventLine {
  readonly kind: string;
  readonly path: string;
  readonly data?: string;
  readonly token: string;
}

interface Sessions {
  readonly sessions: readonly {
    readonly session: number;
    readonly silentMs: number | null;
    readonly ephemerals: number;
    readonly connection: { readonly node: string; readonly region: string } | null;
  }[];
}

test("a watch goes on through the loss of its node, and resumes by token", async () => {
  const client = await cluster.client();
  const path = `${own}/watched`;
  await client.create(path, "");
  await using watch = start("watch", path, "--with-data", "-o", "json");
  await until("the watch runs", 20_000, async () => {
    await client.set(path, "probe");
    return watch.lines.length > 0 ? true : undefined;
  });
  const [first] = cluster.nodes;
  await first?.stop("SIGKILL");
  try {
    for (const name of ["a", "b", "c"]) await client.create(`${path}/${name}`, name);
    const events = await until("all three", 20_000, () => {
      const found = eventsOf(watch).filter(({ kind }) => kind === "created");
      return found.length >= 3 ? found : undefined;
    });
    expect(events.map((event) => [event.path, event.data])).toEqual([
      [`${path}/a`, "a"],
      [`${path}/b`, "b"],
      [`${path}/c`, "c"],
    ]);
    const resumed = await run("watch", path, "--from", events[0]?.token ?? "", "--count", "2");
    expect(resumed.stdout).toBe(`created  ${path}/b version 0\ncreated  ${path}/c version 0\n`);
  } finally {
    first?.start();
  }
  watch.signal("SIGINT");
  expect(await watch.ended).toBe(0);
});

test("a watch whose lines nobody takes for long leaves nothing out", async () => {
  const client = await cluster.client();
  const path = `${own}/hot`;
  await client.create(path, "");
  await using watch = start("watch", path, "--from", client.token, "--count", `${eventsMany}`);
  watch.pause();
  for (let written = 0; written < eventsMany; written += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, () => client.set(path, "")));
  }
  watch.resume();
  expect(await watch.ended).toBe(0);
  const versions = watch.lines.map((line) => Number(line.split(" ").at(-1)));
  expect(versions).toEqual(Array.from({ length: eventsMany }, (_, index) => index + 1));
});

test("changes come from the beginning, and go on after the token of the last", async () => {
  const client = await cluster.client();
  const path = `${own}/orders`;
  await client.create(`${path}/1`, "one", { parents: true });
  const prefix = ["--prefix", path, "-o", "json"];
  await using changes = start("changes", "--from", "beginning", "--with-data", ...prefix);
  const [begin, part, end] = (await changes.untilLines(3)).map((line) => JSON.parse(line));
  expect(begin).toEqual({ kind: "snapshot", reason: "start" });
  expect(part.nodes).toMatchObject([{ path }, { kind: "created", path: `${path}/1`, data: "one" }]);
  expect(end.kind).toBe("snapshot-end");
  changes.signal("SIGTERM");
  expect(await changes.ended).toBe(0);
  await client.multi([
    { kind: "set", path: `${path}/1`, data: "uno" },
    { kind: "create", path: `${path}/2`, data: "due" },
  ]);
  await client.delete(`${path}/1`);
  const text = await run("changes", "--prefix", path, "--from", end.token, "--count", "2");
  expect(text.stdout.replaceAll(/@\d+/g, "@N")).toBe(
    `local@N changed  ${path}/1 version 1\nlocal@N created  ${path}/2 version 0\n` +
      `local@N deleted  ${path}/1\n`,
  );
});

test("of a multi that is refused, each part is told of, and nothing was done", async () => {
  const path = `${own}/multi`;
  const operations = [
    { kind: "create", path, data: "AP8=", encoding: "base64" },
    { kind: "check", path, version: 7 },
    { kind: "delete", path: `${own}/none` },
  ];
  const refused = await cluster.run(["multi", "-o", "json"], JSON.stringify(operations));
  expect(refused.code).toBe(5);
  expect(JSON.parse(refused.stdout).error).toMatchObject({
    code: "BAD_VERSION",
    parts: [
      { kind: "create", path, outcome: "undone", code: null },
      { kind: "check", path, outcome: "failed", code: "BAD_VERSION" },
      { kind: "delete", outcome: "untried", code: null },
    ],
  });
  const [first] = operations;
  const done = await cluster.run(["multi", "-o", "json"], JSON.stringify([first]));
  expect(JSON.parse(done.stdout).parts).toMatchObject([{ kind: "create", path, stat: {} }]);
  const read = await run("get", path, "-o", "json");
  expect(JSON.parse(read.stdout)).toMatchObject({ data: "AP8=", encoding: "base64" });
  const lines = `# comments count for no place\n\ncheck ${own} -1\ndelete ${own}/none\n`;
  const told = await cluster.run(["multi"], lines);
  expect(told.stderr).toContain(`operation 2 of 2: delete ${own}/none: NO_NODE`);
});

test("a lock is shared by readers and kept from writers, whose tokens grow", async () => {
  const path = `${own}/lock`;
  const token = 'echo "$MERIDIAN_FENCING_TOKEN $MERIDIAN_HELD_NODE"';
  const writer = ["lock", path, "--", "sh", "-c", token];
  const [before] = (await run(...writer)).stdout.split(" ");
  await using reader = start("lock", path, "--shared", "--", "sh", "-c", `${token}; sleep 60`);
  await reader.untilLines(1);
  const [other, refused] = await Promise.all([
    run("lock", path, "--shared", "--wait", "5000", "--", "true"),
    run("lock", path, "--wait", "0", "--", "true"),
  ]);
  expect(other.code).toBe(0);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/not free.*DEADLINE/)]);
  await using waiting = start(...writer);
  reader.signal("SIGTERM");
  expect(await reader.ended).toBe(128 + 15);
  const [after, node] = (await waiting.untilLines(1))[0]?.split(" ") ?? [];
  expect(Number(after)).toBeGreaterThan(Number(before));
  expect(node).toContain(`${path}/write-`);
});

test("a session that is ended by hand takes its lock along, and the command under it", async () => {
  const path = `${own}/held`;
  await using holder = start("lock", path, "--", "sh", "-c", "echo held; sleep 60");
  await holder.untilLines(1);
  const { children } = await (await cluster.client()).children(path, { withStats: true });
  const owner = children[0]?.stat?.ephemeralOwner ?? 0;
  const { sessions } = JSON.parse((await run("sessions", "-o", "json")).stdout) as Sessions;
  const found = sessions.find(({ session }) => session === owner);
  expect(found).toMatchObject({ ephemerals: 1, connection: { region: "local" } });
  expect(found?.connection?.node).toMatch(/^local-\d$/);
  expect(found?.silentMs).toBeLessThan(10_000);
  const ended = await run("sessions", "end", `${owner}`, "-o", "json");
  expect(JSON.parse(ended.stdout)).toMatchObject({ cluster: "local", ended: true });
  expect(await holder.ended).toBe(128 + 15);
  expect(holder.stderr).toContain("is lost");
  const again = await run("sessions", "end", `${owner}`);
  expect([again.code, again.stderr]).toEqual([4, expect.stringContaining("SESSION_EXPIRED")]);
});

test("a long list comes in pages, with data where asked for", async () => {
  const client = await cluster.client();
  const path = `${own}/list`;
  await client.create(path, "");
  for (const name of ["a", "b", "c"]) await client.create(`${path}/${name}`, name.toUpperCase());
  const first = await run("ls", path, "--limit", "2");
  expect([first.stdout, first.stderr]).toEqual(["a\nb\n", expect.stringContaining("--after 'b'")]);
  expect((await run("ls", path, "--after", "b")).stdout).toBe("c\n");
  const { children, more } = JSON.parse(
    (await run("ls", path, "--with-data", "-o", "json")).stdout,
  );
  expect(children).toMatchObject([{ name: "a", data: "A", stat: {} }, {}, { name: "c" }]);
  expect(more).toBe(false);
});

function run(...args: readonly string[]) {
  return cluster.run(args);
}

function start(...args: readonly string[]): RunningCommand {
  return new RunningCommand(args, cluster.environment);
}

function eventsOf(command: RunningCommand): readonly EventLine[] {
  return command.lines.map((line) => JSON.parse(line) as EventLine);
}
