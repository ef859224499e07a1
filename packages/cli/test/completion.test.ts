import type { Command } from "commander";
import { expect, test } from "vitest";

import { wordsUpToCursor } from "../src/completion/line.ts";
import { slotAt, type Expectation } from "../src/completion/slot.ts";
import { createProgram } from "../src/program.ts";

const program = createProgram("text");

function expected(...words: readonly string[]): Expectation {
  return slotAt(program, words).expects;
}

function wordsFor(...words: readonly string[]): readonly string[] {
  const expects = expected(...words);
  return expects.kind === "words" ? expects.candidates.map(({ word }) => word) : [];
}

test("every command of the program, and every option of every command, is offered", () => {
  const visit = (command: Command, words: readonly string[]): number => {
    const visible = command.commands.filter((each) => !each.name().startsWith("_"));
    const names = visible.map((each) => each.name());
    const offered = wordsFor(...words, "").filter((word) => !word.startsWith("-"));
    expect(offered).toEqual(expect.arrayContaining(names));
    const options = wordsFor(...words, "-");
    for (const { long } of command.options) expect(options).toContain(long);
    const below = visible.map((each) => visit(each, [...words, each.name()]));
    return below.reduce((sum, count) => sum + count, 1);
  };
  expect(visit(program, [])).toBeGreaterThan(30);
});

test("an option is offered once, and its values where it is", () => {
  expect(wordsFor("get", "/a", "--consistency", "")).toContain("eventual");
  expect(wordsFor("get", "/a", "--consistency=")).toContain("eventual");
  expect(slotAt(program, ["get", "--consistency=ev"])).toMatchObject({
    prefix: "--consistency=",
    word: "ev",
  });
  expect(wordsFor("get", "/a", "--consistency", "strict", "-")).not.toContain("--consistency");
  expect(wordsFor("get", "/a", "-o", "")).toEqual(["text", "json"]);
});

test("arguments stand for what their definition names", () => {
  expect(expected("get", "/gl")).toEqual({ kind: "value", name: "path" });
  expect(expected("set", "--region", "apac", "/gl")).toEqual({ kind: "value", name: "path" });
  expect(expected("chaos", "kill", "")).toEqual({ kind: "value", name: "region|node" });
  expect(expected("member", "promote", "a", "")).toEqual({ kind: "value", name: "node" });
  expect(expected("lock", "/a", "--", "")).toEqual({ kind: "foreign", isName: true });
  expect(expected("lock", "/a", "--", "sh", "")).toEqual({ kind: "foreign", isName: false });
  expect(wordsFor("get", "/a", "")).toContain("--consistency");
  expect(wordsFor("no-such-command", "")).toEqual([]);
});

test("a line is parted as a shell parts it, also while it is typed", () => {
  expect(wordsUpToCursor("meridian get ")).toEqual(["meridian", "get", ""]);
  expect(wordsUpToCursor(`meridian set '/a b`)).toEqual(["meridian", "set", "/a b"]);
  expect(wordsUpToCursor(`meridian set /a\\ b "c 'd"`)).toEqual([
    "meridian",
    "set",
    "/a b",
    "c 'd",
  ]);
  expect(wordsUpToCursor("")).toEqual([""]);
});
