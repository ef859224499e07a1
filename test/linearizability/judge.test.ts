import { expect, test } from "vitest";

import type { HistoryEvent } from "./history.ts";
import { judge } from "./judge.ts";
import type { ModelName } from "./model.ts";
import { atomicHistory, mutated } from "./support/atomic-object.ts";
import { historyOf, sequenceOf } from "./support/history-text.ts";
import { Random } from "./support/random.ts";

test("a read beside a write finds the value before it or after it, and nothing else", () => {
  const beside = (found: number): HistoryEvent[] => [
    ...sequenceOf("9 write 1"),
    ...historyOf(`
      0 invoke write 2
      1 invoke read
      1 ok read ${found}
      0 ok write 2`),
  ];
  expect(verdictOf(beside(1))).toBe("linearizable");
  expect(verdictOf(beside(2))).toBe("linearizable");
  expect(verdictOf(beside(3))).toBe("violated");
});

test("reads beside one write do not go back", () => {
  const reads = (first: number, second: number): HistoryEvent[] => [
    ...sequenceOf("9 write 1"),
    ...historyOf("0 invoke write 2"),
    ...sequenceOf(`1 read ${first}\n2 read ${second}`),
    ...historyOf("0 ok write 2"),
  ];
  expect(verdictOf(reads(1, 2))).toBe("linearizable");
  expect(verdictOf(reads(2, 1))).toBe("violated");
});

test("a read of an overwritten value is a violation, told by the operations that matter", () => {
  const events = [
    ...sequenceOf("0 write 7\n0 read 7\n1 read 7\n0 write 1\n1 read 1\n1 write 2"),
    ...sequenceOf("3 read 2\n2 read 1\n0 write 3\n0 read 3"),
  ];
  const { verdict, key, explanation = "" } = judge(events, "register");
  expect({ verdict, key }).toEqual({ verdict: "violated", key: "k" });
  expect(explanation).toContain("line 16: process 2 ends read → 1; without this line there is");
  expect(explanation).toContain("in those orders it then is 2");
  expect(explanation).toContain("these 3 of them contradict each other already");
  expect(explanation).not.toContain("write 7");
  expect(explanation).not.toContain("write 3");
});

test("two exchanges of one value cannot both succeed", () => {
  const events = historyOf(`
    0 invoke write 1
    0 ok write 1
    0 invoke cas [1,2]
    1 invoke cas [1,3]
    0 ok cas [1,2]
    1 ok cas [1,3]`);
  expect(verdictOf(events)).toBe("violated");
  expect(verdictOf(events.slice(0, 5))).toBe("linearizable");
});

test("an update that was acknowledged and is not there is a violation", () => {
  expect(verdictOf(sequenceOf("0 write 1\n0 cas [1,2]\n1 read 1"))).toBe("violated");
  expect(verdictOf(sequenceOf("0 write 1\n1 read null"))).toBe("violated");
});

test("a value that nobody wrote is a violation", () => {
  expect(verdictOf(sequenceOf("0 write 1\n1 read 99"))).toBe("violated");
  expect(verdictOf(sequenceOf('0 read "x"'))).toBe("violated");
});

test("what failed has not happened", () => {
  const failed = historyOf("0 invoke write 2\n0 fail write 2");
  const before = sequenceOf("1 write 1");
  expect(verdictOf([...before, ...failed, ...sequenceOf("1 read 1")])).toBe("linearizable");
  expect(verdictOf([...before, ...failed, ...sequenceOf("1 read 2")])).toBe("violated");
  // A compare that failed is not applied, whatever was there.
  const exchange = historyOf("0 invoke cas [1,2]\n0 fail cas [1,2]");
  expect(verdictOf([...before, ...exchange, ...sequenceOf("1 read 1")])).toBe("linearizable");
});

test("what ended with info, or not at all, may happen at any later time, once or never", () => {
  for (const end of ["", "0 info write 2"]) {
    const open = [...sequenceOf("1 write 1"), ...historyOf(`0 invoke write 2\n${end}`)];
    const reads = (...found: number[]): HistoryEvent[] => [
      ...open,
      ...found.flatMap((value) => sequenceOf(`1 read ${value}`)),
    ];
    expect(verdictOf(reads(1, 1))).toBe("linearizable");
    expect(verdictOf(reads(1, 1, 2, 2))).toBe("linearizable");
    expect(verdictOf(reads(2, 1))).toBe("violated");
  }
});

test("a process goes on after an operation of unknown fate, under its number or another", () => {
  for (const next of [0, 10]) {
    const events = historyOf(`
      0 invoke write 1
      0 info write 1
      ${next} invoke write 2
      ${next} ok write 2
      3 invoke read
      3 ok read 1`);
    expect(verdictOf(events)).toBe("linearizable");
  }
});

test("reads of unknown end say nothing", () => {
  const events = historyOf("0 invoke read\n0 info read 5\n1 invoke read");
  expect(judge(events, "register")).toMatchObject({ verdict: "linearizable", operations: 2 });
});

test("equal values written twice do not tell the writes apart", () => {
  const twice = "0 write 1\n0 write 2\n0 write 1";
  expect(verdictOf(sequenceOf(`${twice}\n1 read 1`))).toBe("linearizable");
  expect(verdictOf(sequenceOf(`${twice}\n1 read 2`))).toBe("violated");
  const again = historyOf("2 invoke write 1\n2 info write 1");
  const events = [...again, ...sequenceOf("0 write 1\n0 write 2\n1 read 2\n1 read 1\n1 read 1")];
  expect(verdictOf(events)).toBe("linearizable");
});

test("registers begin with null, or with what only a beginning explains", () => {
  expect(verdictOf(sequenceOf("0 read null\n0 cas [null,1]\n0 read 1"))).toBe("linearizable");
  const zero = judge(sequenceOf("0 read 0\n0 cas [0,1]\n0 read 1"), "register");
  expect(zero.verdict).toBe("linearizable");
  expect(zero.notes).toEqual(["0 is read and never written, null never read: taken as initial"]);
  expect(verdictOf(sequenceOf("0 read 0\n0 write 1\n0 read 0"))).toBe("violated");
  expect(verdictOf(sequenceOf("0 read null\n0 read 0"))).toBe("violated");
  const given = judge(sequenceOf("0 read 7"), "register", { initial: 7 });
  expect(given.verdict).toBe("linearizable");
});

test("keys are judged apart, and the one that is violated is named", () => {
  const good = sequenceOf("0 write 1\n0 read 1", "a");
  const bad = sequenceOf("0 write 1\n0 read 2", "b");
  expect(judge([...good, ...bad, ...sequenceOf("0 write 2", "a")], "register")).toMatchObject({
    verdict: "violated",
    key: "b",
    keys: 2,
  });
  const one = good.map(({ process, type, f, value }) => ({ process, type, f, value }));
  expect(judge(one, "register")).toMatchObject({ verdict: "linearizable", keys: 1 });
});

test("values are equal by what they hold, whatever the order of their fields", () => {
  const events = sequenceOf('0 write {"a":1,"b":[2]}\n1 read {"b":[2],"a":1}');
  expect(verdictOf(events)).toBe("linearizable");
});

test("text that was appended stands in the order of an order", () => {
  const beside = historyOf(`
    0 invoke append "x"
    1 invoke append "y"
    0 ok append "x"
    1 ok append "y"`);
  const after = (text: string): HistoryEvent[] => [...beside, ...sequenceOf(`2 get ${text}`)];
  expect(judge(after('"xy"'), "kv").verdict).toBe("linearizable");
  expect(judge(after('"yx"'), "kv").verdict).toBe("linearizable");
  expect(judge(after('"xyx"'), "kv").verdict).toBe("violated");
  expect(judge(after('"x"'), "kv").verdict).toBe("violated");
  expect(judge(sequenceOf("0 append 1\n0 append 2\n1 get [1,2]"), "kv").verdict).toBe(
    "linearizable",
  );
});

test("what was deleted is gone", () => {
  expect(judge(sequenceOf("0 put 1\n0 delete\n1 get null"), "kv").verdict).toBe("linearizable");
  expect(judge(sequenceOf("0 put 1\n0 delete\n1 get 1"), "kv").verdict).toBe("violated");
});

test("two processes do not hold one lock", () => {
  expect(judge(sequenceOf("0 acquire\n0 release\n1 acquire"), "mutex").verdict).toBe(
    "linearizable",
  );
  const both = judge(sequenceOf("0 acquire\n0 release\n0 acquire\n1 acquire"), "mutex");
  expect(both.verdict).toBe("violated");
  expect(both.explanation).toContain("in those orders it then is held by process 0");
  expect(judge(sequenceOf("0 acquire\n1 acquire", "a"), "mutex").verdict).toBe("violated");
});

test("a lock is released by its holder, and by unknown ends", () => {
  expect(judge(sequenceOf("0 acquire\n1 release"), "mutex").verdict).toBe("violated");
  expect(judge(sequenceOf("0 release"), "mutex").verdict).toBe("violated");
  const released = [
    ...sequenceOf("0 acquire"),
    ...historyOf("0 invoke release\n0 info release"),
    ...sequenceOf("1 acquire"),
  ];
  expect(judge(released, "mutex").verdict).toBe("linearizable");
  const acquired = [...historyOf("0 invoke acquire\n0 info acquire"), ...sequenceOf("1 acquire")];
  expect(judge(acquired, "mutex").verdict).toBe("linearizable");
});

test("fencing tokens grow from holder to holder", () => {
  const tokens = (first: number, second: number): HistoryEvent[] =>
    historyOf(`
      0 invoke acquire
      0 ok acquire ${first}
      0 invoke release
      0 ok release
      1 invoke acquire
      1 ok acquire ${second}`);
  expect(judge(tokens(3, 4), "mutex").verdict).toBe("linearizable");
  expect(judge(tokens(4, 4), "mutex").verdict).toBe("violated");
  expect(judge(tokens(4, 3), "mutex").verdict).toBe("violated");
});

test("running out of steps or of time is unknown, never a pass", () => {
  const events = mutated(atomicHistory({ ...crowd, seed: 5 }), 9);
  const bySteps = judge(events, "register", { steps: 20_000 });
  expect(bySteps).toMatchObject({ verdict: "unknown", steps: 20_000, key: "k0" });
  expect(bySteps.explanation).toContain("not decided after 20000 steps");
  let nowMs = 0;
  const nowOf = (): number => (nowMs += 1);
  expect(judge(events, "register", { ms: 5, nowMs: nowOf }).verdict).toBe("unknown");
});

test("the verdict does not depend on the names of the processes", () => {
  const limit = { steps: 20_000 };
  for (let seed = 1; seed <= 60; seed += 1) {
    for (const object of ["kv", "mutex", "register"] as const) {
      const shape = { operations: 60, processes: 5, values: 10, lost: 0.05, seed, object };
      const events = mutated(atomicHistory(shape), seed);
      const renamed = events.map((event) => ({
        ...event,
        process: `p${(Number(event.process) * 7_919 + seed) % 1_000_003}`,
      }));
      const { verdict, steps } = judge(events, object, limit);
      const found = judge(renamed, object, limit);
      expect(found, `seed ${seed}, ${object}`).toMatchObject({ verdict, steps });
    }
  }
});

test("a hundred histories of five hundred operations need few steps each", () => {
  const random = new Random(1);
  let steps = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const shape = { seed, operations: 500, processes: 10, keys: random.pick([1, 5]), lost: 0.05 };
    const events = atomicHistory({ ...shape, ...(random.chance(0.5) ? { values: 5 } : {}) });
    const { verdict, steps: used, explanation } = judge(events, "register");
    expect(verdict, `seed ${seed}: ${explanation}`).toBe("linearizable");
    steps += used;
  }
  console.info(`100 histories: ${steps} steps`);
  expect(steps).toBeLessThan(10_000_000);
});

/** So many at once on few values that a wrong result takes for ever to find. */
const crowd = { operations: 600, processes: 60, values: 30, lost: 0.05 };

function verdictOf(events: readonly HistoryEvent[], model: ModelName = "register"): string {
  return judge(events, model).verdict;
}
