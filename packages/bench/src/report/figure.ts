import type { ReportRow } from "./report.ts";

/** A figure for people: three digits that count, thousands parted. */
export function figure(value: number | null): string {
  if (value === null) return "–";
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** What a row says, as a table shows it: figures, ratios, goal, and whether it is met. */
export function cellsOf(row: ReportRow): readonly string[] {
  const { meridian, zookeeper, etcd, ratios, goal } = row;
  const figures = [meridian, zookeeper, etcd].map(figure);
  return [...figures, times(ratios.zookeeper), times(ratios.etcd), goal, verdict(row)];
}

/** "3.2 ×", or a dash. */
export function times(value: number | null): string {
  return value === null ? "–" : `${Number(value.toPrecision(2))} ×`;
}

/** Whether a goal is met, in a word. */
export function verdict({ met }: Pick<ReportRow, "met">): string {
  if (met === null) return "–";
  return met ? "yes" : "no";
}
