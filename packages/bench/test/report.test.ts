import { expect, test } from "vitest";

import type { Comparison, MeasuredRow } from "../src/comparison/comparison.ts";
import { figure, times, verdict } from "../src/report/figure.ts";
import { beginMarker, embed, endMarker, markdownOf } from "../src/report/markdown.ts";
import { median, reportOf } from "../src/report/report.ts";
import type { Row } from "../src/row.ts";
import { byMargins } from "../src/rows/goal.ts";
import { systemNames } from "../src/system.ts";

const row: Row = {
  name: "write",
  title: "writes",
  unit: "op/s",
  better: "higher",
  goal: "≥ 3 × ZooKeeper",
  systems: systemNames,
  measure: () => Promise.reject(new Error("nothing is measured here")),
  judge: byMargins("higher", { zookeeper: 3 }),
};

function samples(...values: readonly number[]) {
  return values.map((value, index) => ({ round: index + 1, value, details: {} }));
}

function comparison(measured: Partial<MeasuredRow>): Comparison {
  const none = { meridian: [], zookeeper: [], etcd: [] };
  return {
    machine: {
      processor: "a processor",
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      freeMemoryBytes: 2 ** 30,
      system: "Linux 6.1",
    },
    date: "2026-01-02T03:04:05.678Z",
    rounds: 3,
    seconds: 5,
    versions: { node: "20.19.0", meridian: "0.1.0", etcd: "not measured: not asked for" },
    notes: {},
    rows: [{ row, samples: none, reasons: {}, hasFailed: false, ...measured }],
  };
}

test("figures are medians, so that one bad round changes nothing", () => {
  expect(median(samples(5, 1, 100))).toBe(5);
  expect(median(samples(1, 2, 4, 8))).toBe(3);
  expect(median([])).toBeNull();
  const measured = {
    meridian: samples(9_000, 40_000, 42_000),
    zookeeper: samples(10_000, 9, 11_000),
  };
  const [line] = reportOf(comparison({ samples: { ...measured, etcd: [] } })).rows;
  expect(line).toMatchObject({ meridian: 40_000, zookeeper: 10_000, etcd: null, met: true });
  expect(line?.ratios).toEqual({ zookeeper: 4, etcd: null });
});

test("a peer without a figure leaves its cells empty, and the reason in the report", () => {
  const reasons = { etcd: "it has no such thing" };
  const only = { meridian: samples(1), zookeeper: [], etcd: [] };
  const report = reportOf(comparison({ samples: only, reasons }));
  expect(report.rows[0]).toMatchObject({ zookeeper: null, etcd: null, met: null, reasons });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(markdownOf(report)).toMatch(/\| writes \(op\/s\) +\| 1 +\| – +\| – +\| – +\| – +\|/);
});

test("a table says where and when its figures were taken", () => {
  const text = markdownOf(reportOf(comparison({})));
  expect(text).toContain("2026-01-02");
  expect(text).toContain("2 × a processor");
  expect(text).toContain("Meridian 0.1.0");
  expect(text.replaceAll("\n", " ")).toContain("etcd not measured: not asked for");
  for (const line of text.split("\n\n").at(-1)?.split("\n") ?? []) {
    expect(line.length).toBeLessThanOrEqual(118);
  }
});

test("a table takes the place of the one between the markers, and of nothing else", () => {
  const report = reportOf(comparison({}));
  const page = `before\n\n${beginMarker}\nold\n${endMarker}\n\nafter\n`;
  const once = embed(page, report);
  expect(once).toMatch(/^before\n\n<!--.*-->\n\n\| /);
  expect(once).toMatch(/\n\n<!-- [^\n]* -->\n\nafter\n$/);
  expect(once).not.toContain("old");
  expect(embed(once ?? "", report)).toBe(once);
  expect(embed("no markers", report)).toBeUndefined();
  expect(embed(`${endMarker}${beginMarker}`, report)).toBeUndefined();
});

test("figures have three digits that count", () => {
  expect(figure(53_412.7)).toBe("53,400");
  expect(figure(0.012_345)).toBe("0.0123");
  expect(figure(0)).toBe("0");
  expect(figure(null)).toBe("–");
  expect(times(12.34)).toBe("12 ×");
  expect(times(0.987)).toBe("0.99 ×");
  expect([true, false, null].map((met) => verdict({ met }))).toEqual(["yes", "no", "–"]);
});
