import { existsSync, readFileSync } from "node:fs";

const probe = new URL("loop-probe.mjs", import.meta.url).href;

/** Environment of a server whose loop is watched from within. */
export function watchedBy(file: string): Readonly<Record<string, string>> {
  return { MERIDIAN_LOOP_LOG: file, NODE_OPTIONS: `--import ${probe}` };
}

/** The worst of a server's loop within some time, in milliseconds. */
export interface LoopWorst {
  /** How late it was, whatever the reason. */
  readonly lateMs: number;
  /** One turn on a core, without the collector: what the program itself did. */
  readonly ownMs: number;
  /** One collection. */
  readonly collectorMs: number;
  /** Waiting for a core within one turn. */
  readonly waitedMs: number;
}

interface Late {
  readonly what: "late";
  readonly atMs: number;
  readonly untilMs: number;
  readonly lateMs: number;
  readonly ranMs: number;
  readonly waitedMs: number;
}

interface Collected {
  readonly what: "collected";
  readonly atMs: number;
  readonly ms: number;
}

/** The worst within `[fromMs, toMs)` of wall time, by the notes of a server. */
export function worstOf(file: string, fromMs: number, toMs: number): LoopWorst {
  const notes = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const all = notes
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Late | Collected);
  const collections = all.filter((note): note is Collected => note.what === "collected");
  const within = all.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const worst = { lateMs: 0, ownMs: 0, collectorMs: 0, waitedMs: 0 };
  for (const note of within) {
    if (note.what === "collected") {
      worst.collectorMs = Math.max(worst.collectorMs, note.ms);
      continue;
    }
    const { atMs: sinceMs, untilMs } = note;
    const collected = collections.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs);
    const collectorMs = collected.reduce((sum, { ms }) => sum + ms, 0);
    worst.lateMs = Math.max(worst.lateMs, note.lateMs);
    worst.ownMs = Math.max(worst.ownMs, note.ranMs - collectorMs);
    worst.waitedMs = Math.max(worst.waitedMs, note.waitedMs);
  }
  return worst;
}
