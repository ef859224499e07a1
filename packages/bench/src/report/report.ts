import type { Comparison, MeasuredRow, Sample } from "../comparison/comparison.ts";
import type { Figures, Row } from "../row.ts";
import { ratio } from "../rows/goal.ts";
import type { SystemName } from "../system.ts";

/** A comparison as JSON. */
export interface Report extends Omit<Comparison, "rows"> {
  readonly rows: readonly ReportRow[];
}

/** A row as JSON: figures are medians over the rounds, null where there is none. */
export interface ReportRow extends Figures {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: Row["better"];
  readonly goal: string;
  /** Null: it cannot be said. */
  readonly met: boolean | null;
  /** How many times better Meridian is: above 1 is better, whichever way the row counts. */
  readonly ratios: Readonly<Record<"zookeeper" | "etcd", number | null>>;
  readonly reasons: Readonly<Partial<Record<SystemName, string>>>;
  readonly samples: Readonly<Record<SystemName, readonly Sample[]>>;
}

/** What a comparison comes down to. */
export function reportOf({ rows, ...rest }: Comparison): Report {
  return { ...rest, rows: rows.map(rowOf) };
}

function rowOf({ row, samples, reasons }: MeasuredRow): ReportRow {
  const { name, title, unit, better, goal } = row;
  const figures: Figures = {
    meridian: median(samples.meridian),
    zookeeper: median(samples.zookeeper),
    etcd: median(samples.etcd),
  };
  const ratios = {
    zookeeper: ratio(better, figures.meridian, figures.zookeeper) ?? null,
    etcd: ratio(better, figures.meridian, figures.etcd) ?? null,
  };
  const met = row.judge(figures);
  return { name, title, unit, ...figures, goal, met, better, ratios, reasons, samples };
}

/** The middle of the figures, or the mean of the two in the middle; null without any. */
export function median(samples: readonly Pick<Sample, "value">[]): number | null {
  const values = samples.map(({ value }) => value).sort((a, b) => a - b);
  const upper = values[Math.floor(values.length / 2)];
  const lower = values[Math.floor((values.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
