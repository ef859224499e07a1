import { cellsOf } from "./figure.ts";
import type { Report } from "./report.ts";

/** Between these lines of a Markdown file a table is put, and replaced by the next one. */
export const beginMarker = "<!-- bench compare: begin -->";
/** See `beginMarker`. */
export const endMarker = "<!-- bench compare: end -->";

const columnsMax = 118;
/** Headings of the table; the first column is of rows. */
export const head: readonly string[] = [
  "",
  "Meridian",
  "ZooKeeper",
  "etcd",
  "× ZooKeeper",
  "× etcd",
  "goal",
  "met",
];
const titles: Readonly<Record<string, string>> = {
  meridian: "Meridian",
  zookeeper: "ZooKeeper",
  etcd: "etcd",
  node: "Node",
};

/** A report as Markdown: the table, then machine, versions and date. */
export function markdownOf(report: Report): string {
  const rows = report.rows.map((row) => [`${row.title} (${row.unit})`, ...cellsOf(row)]);
  return `${tableOf([head, ...rows])}\n\n${originOf(report)}\n`;
}

/** A file with a report in the place of the one between its markers; undefined without markers. */
export function embed(file: string, report: Report): string | undefined {
  const begin = file.indexOf(beginMarker);
  const end = file.indexOf(endMarker);
  if (begin < 0 || end < begin) return undefined;
  const before = file.slice(0, begin + beginMarker.length);
  return `${before}\n\n${markdownOf(report)}\n${file.slice(end)}`;
}

/** Where the figures come from, in one paragraph. */
function originOf({ machine, date, rounds, seconds, versions }: Report): string {
  const { processor, cores, memoryBytes, system } = machine;
  const systems = Object.entries(versions)
    .map(([name, version]) => `${titles[name] ?? name} ${version}`)
    .join(", ");
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
  const medians = rounds === 1 ? "One round" : `Medians of up to ${rounds} rounds`;
  return wrapped([
    `${medians} of ${seconds} s, ${date.slice(0, 10)}, on ${cores} ×`,
    `${processor}, ${memory}, ${system}. ${systems}.`,
  ]);
}

/** Lines of at most so many columns, broken at blanks. */
function wrapped(parts: readonly string[]): string {
  const lines: string[] = [];
  for (const word of parts.join(" ").split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > columnsMax) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}

/** Columns are as wide as their widest cell, as formatters want them. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [first = [], ...others] = rows;
  return [line(first), rule, ...others.map(line)].join("\n");
}
