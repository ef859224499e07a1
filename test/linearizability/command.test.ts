import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { judgeFiles } from "./command.ts";
import type { HistoryEvent } from "./history.ts";
import { atomicHistory, mutated } from "./support/atomic-object.ts";
import { historyOf, sequenceOf } from "./support/history-text.ts";

test("the exit code and the first line tell the verdict, the rest the reason", async () => {
  const good = await judgeText(textOf(sequenceOf("0 write 1\n1 read 1")));
  expect(good).toMatchObject({ code: 0, errors: "" });
  expect(good.output).toMatch(/^linearizable: -: 2 operations on 1 key \(register\)/);
  const bad = await judgeText(textOf(sequenceOf("0 write 1\n1 read 2")));
  expect(bad).toMatchObject({ code: 1, errors: "" });
  expect(bad.output).toMatch(/^not linearizable: -: 2 operations on 1 key \(register\)/);
  expect(bad.output).toContain("line 4: process 1 ends read → 2");
});

test("a search that takes too long ends as unknown", async () => {
  const shape = { seed: 5, operations: 600, processes: 60, values: 30, lost: 0.05 };
  const text = textOf(mutated(atomicHistory(shape), 9));
  const found = await judgeText(text, "--seconds", "0.05");
  expect(found.code).toBe(2);
  expect(found.output).toMatch(/^unknown: /);
});

test("json has the same to say", async () => {
  const good = await judgeText(textOf(sequenceOf("0 write 1")), "-o", "json");
  expect(JSON.parse(good.output)).toMatchObject({ verdict: "linearizable", model: "register" });
  const bad = await judgeText(textOf(sequenceOf("0 write 1\n1 read 2")), "-o", "json");
  expect(JSON.parse(bad.output)).toMatchObject({ verdict: "violated", key: "k", operations: 2 });
  const unusable = await judgeText("{", "-o", "json");
  expect(JSON.parse(unusable.output)).toMatchObject({ error: { code: "UNUSABLE" } });
});

test("several files are judged in one go, and one violation decides", async () => {
  const directory = mkdtempSync(join(tmpdir(), "meridian-judge-"));
  try {
    const paths = ["0 read null", "0 read 5"].map((line, index) => {
      const path = join(directory, `${index}.jsonl`);
      writeFileSync(path, textOf(sequenceOf(line)));
      return path;
    });
    const [good = "", bad = ""] = paths;
    expect((await judgeText("", good)).code).toBe(0);
    expect((await judgeText("", good, bad)).code).toBe(1);
    expect((await judgeText("", good, join(directory, "none"))).code).toBe(2);
    expect((await judgeText("", good, join(directory, "none"))).errors).toContain("ENOENT");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the model is told from the operations", async () => {
  const locks = textOf(sequenceOf("0 acquire\n1 acquire"));
  expect((await judgeText(locks)).output).toContain("(mutex)");
  const pairs = textOf(sequenceOf('0 put "a"\n0 append "b"\n1 get "ab"'));
  expect((await judgeText(pairs)).output).toContain("(kv)");
  const stranger = await judgeText(locks, "--model", "register");
  expect(stranger.code).toBe(2);
  expect(stranger.errors).toContain(
    'line 1: the register model does not know "acquire"; expected "read", "write", "cas"',
  );
});

test("a line that is no event is named, with what was expected", async () => {
  const first = '{"process":0,"type":"invoke","f":"read","value":null}\n';
  const lines: Readonly<Record<string, string>> = {
    '{"process":0,': "line 2: no JSON",
    "[1]": "line 2: [1] is no object",
    '{"type":"ok","f":"read"}': 'line 2: "process" is missing; expected a number',
    '{"process":0,"type":"done","f":"read"}': 'line 2: "type" is "done"; expected "invoke", "ok"',
    '{"process":0,"type":"ok"}': 'line 2: "f" is missing',
    '{"process":1,"type":"ok","f":"read"}': 'process 1 ends read with "ok", but has nothing',
    '{"process":0,"type":"invoke","f":"read"}': "process 0 begins read while its read of line 1",
    '{"process":0,"type":"ok","f":"write"}': "process 0 ends write, but has read of line 1",
    '{"process":0,"type":"ok","f":"read","key":"x"}': 'process 0 ends read of "x", but has read',
    '{"process":1,"type":"invoke","f":"add"}': 'does not know "add"; expected "read"',
    '{"process":1,"type":"invoke","f":"cas","value":1}': "line 2: cas of 1; expected [",
  };
  for (const [line, message] of Object.entries(lines)) {
    const { code, errors } = await judgeText(first + line, "--model", "register");
    expect(code, `of ${line}`).toBe(2);
    expect(errors).toContain(message);
  }
});

test("an end that contradicts its beginning is named", async () => {
  const text = textOf(historyOf("0 invoke write 1\n0 ok write 2"));
  const { code, errors } = await judgeText(text);
  expect(code).toBe(2);
  expect(errors).toContain("line 2: write ends ok with 2, but began in line 1 with 1");
});

test("no operations at all are no pass", async () => {
  for (const text of ["", "\n\n", '{"process":"nemesis","type":"info","f":"kill"}\n']) {
    const { code, errors } = await judgeText(text);
    expect(code).toBe(2);
    expect(errors).toContain("no operations");
  }
});

test("wrong arguments are told, with the usage", async () => {
  for (const args of [[], ["-", "--model", "set"], ["-", "--seconds", "x"], ["-", "--nonsense"]]) {
    const { code, errors } = await judgeArguments(args, "");
    expect(code, `of ${args.join(" ")}`).toBe(2);
    expect(errors).toContain("npm run judge -- FILE");
  }
  expect(await judgeArguments(["--help"], "")).toMatchObject({ code: 0, errors: "" });
});

test("histories of Jepsen are understood", async () => {
  const text = [
    '{"index":0,"time":10,"process":0,"type":":invoke","f":":write","value":["x",1]}',
    '{"index":1,"time":20,"process":"nemesis","type":":info","f":":kill","value":["x"]}',
    '{"index":2,"time":30,"process":1,"type":":invoke","f":":read","value":["x",null]}',
    '{"index":3,"time":40,"process":0,"type":":ok","f":":write","value":["x",1]}',
    '{"index":4,"time":50,"process":1,"type":":ok","f":":read","value":["x",1]}',
    '{"index":5,"time":60,"process":1,"type":":invoke","f":":cas","value":["y",[null,3]]}',
    '{"index":6,"time":70,"process":1,"type":":info","f":":cas","value":["y",[null,3]]}',
  ].join("\n");
  const good = await judgeText(text);
  expect(good.output).toMatch(/^linearizable: -: 3 operations on 2 keys/);
  const stale = text.replace('"f":":read","value":["x",1]', '"f":":read","value":["x",2]');
  expect((await judgeText(stale)).code).toBe(1);
});

test("lines may end otherwise, be empty, and have fields that say nothing", async () => {
  const text = textOf(sequenceOf("0 write 1\n1 read 1"))
    .replaceAll("\n", "\r\n\r\n")
    .replaceAll('"f"', '"node":"n1","f"');
  expect((await judgeText(`\u{feff}${text}`)).code).toBe(0);
});

test("times that go back are told: the order of the lines counts", async () => {
  const events = sequenceOf("0 write 1\n1 read 1").map((event, index) => {
    return { ...event, time: [5, 6, 4, 7][index] };
  });
  const { code, output } = await judgeText(textOf(events));
  expect(code).toBe(0);
  expect(output).toContain("note: time goes back at line 3: the order of the lines counts");
});

interface Found {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Judges a text from standard input, or files that the arguments name. */
function judgeText(text: string, ...args: readonly string[]): Promise<Found> {
  const hasFile = args.some((arg) => arg.startsWith("/"));
  return judgeArguments(hasFile ? args : ["-", ...args], text);
}

async function judgeArguments(args: readonly string[], text: string): Promise<Found> {
  const output: string[] = [];
  const errors: string[] = [];
  const code = await judgeFiles(args, {
    stdin: Readable.from([text]),
    print: (line) => output.push(line),
    complain: (line) => errors.push(line),
  });
  return { code, output: output.join("\n"), errors: errors.join("\n") };
}

function textOf(events: readonly HistoryEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}
