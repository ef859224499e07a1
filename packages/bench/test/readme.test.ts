/** The table of the front page is what `bench compare --embed README.md` wrote. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { beginMarker, endMarker, head } from "../src/report/markdown.ts";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const table = readme.slice(readme.indexOf(beginMarker), readme.indexOf(endMarker));

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

test("the front page has a place for the table, and a table in it", () => {
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  expect(cellsOf(lines[0] ?? "")).toEqual(head);
  const figures = lines.slice(2).map(cellsOf);
  expect(figures.length).toBeGreaterThan(0);
  // Which rows there are is of the day on which they were measured.
  for (const cells of figures) {
    expect(cells[0]).toMatch(/^\S.* \(\S+\)$/);
    expect(["yes", "no", "–"]).toContain(cells.at(-1));
    for (const cell of cells.slice(1, 4)) expect(cell).toMatch(/^(–|[\d,.]+)$/);
    for (const cell of cells.slice(4, 6)) expect(cell).toMatch(/^(–|[\d.]+ ×)$/);
  }
  for (const line of lines) expect(cellsOf(line)).toHaveLength(head.length);
});

test("the table says where and when it was taken, with which versions", () => {
  const text = table.replaceAll("\n", " ");
  expect(text).toMatch(/(One round|Medians of up to \d+ rounds) of \d+ s, \d{4}-\d\d-\d\d, on /);
  expect(text).toMatch(/Node \S+, Meridian \S+, ZooKeeper .*, etcd /);
});
