import type { Row } from "../row.ts";
import { type Starter, type SystemName, systemNames, Unmeasured } from "../system.ts";
import { type Machine, machine } from "./machine.ts";
import { PortBlocks } from "./ports.ts";
import { Turn } from "./turn.ts";

/** What is compared, and how. */
export interface ComparisonOptions {
  readonly rows: readonly Row[];
  /** Systems to measure; the others have no figures. */
  readonly starters: readonly Starter[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Directory below which all data lies: it decides which disk is measured. */
  readonly directory: string;
  readonly basePort: number;
  readonly program: string;
  readonly signal: AbortSignal;
  /** Lines of progress. */
  readonly say: (line: string) => void;
}

/** All figures, as they were taken. */
export interface Comparison {
  readonly machine: Machine;
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly rounds: number;
  readonly seconds: number;
  /** Of each system, or why it has no figures. */
  readonly versions: Readonly<Record<string, string>>;
  /** How the load was made, and what was set. */
  readonly notes: Readonly<Record<string, readonly string[]>>;
  readonly rows: readonly MeasuredRow[];
}

/** What was measured for a row. */
export interface MeasuredRow {
  readonly row: Row;
  readonly samples: Readonly<Record<SystemName, readonly Sample[]>>;
  /** Why a system has no figure, or fewer than there were rounds. */
  readonly reasons: Readonly<Partial<Record<SystemName, string>>>;
  /** Something went wrong that should not. */
  readonly hasFailed: boolean;
}

/** A figure of one round. */
export interface Sample {
  readonly round: number;
  readonly value: number;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Measures all rows on all systems that are installed, round by round and system by system, so that
 * whatever else the machine does meets all of them. Rejects when the signal is aborted; what was
 * started is ended in any case.
 */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const { rows, rounds, seconds, say } = options;
  const date = new Date().toISOString();
  const versions: Record<string, string> = { node: process.versions.node };
  const notes: Record<string, readonly string[]> = {};
  const starters: Starter[] = [];
  for (const name of systemNames) {
    const starter = options.starters.find((candidate) => candidate.name === name);
    const found = (await starter?.find()) ?? { installed: false, reason: "not asked for" };
    versions[name] = found.installed ? found.version : `not measured: ${found.reason}`;
    if (found.installed) notes[name] = found.notes;
    else if (starter !== undefined) say(`${name} is left out: ${found.reason}`);
    if (found.installed && starter !== undefined) starters.push(starter);
  }
  const drafts = rows.map((row) => new Draft(row));
  const ports = new PortBlocks(options.basePort);
  for (let round = 1; round <= rounds; round += 1) {
    for (const starter of starters) {
      options.signal.throwIfAborted();
      const due = drafts.filter(({ row }) => isDue(row, starter.name, round));
      if (due.length === 0) continue;
      await using turn = new Turn({ ...options, starter, round, ports });
      for (const draft of due) await draft.measure(turn);
    }
  }
  return { machine: machine(), date, rounds, seconds, versions, notes, rows: drafts };
}

function isDue(row: Row, system: SystemName, round: number): boolean {
  return row.systems.includes(system) && round <= (row.roundsMax ?? Infinity);
}

/** A row that is being measured. */
class Draft implements MeasuredRow {
  readonly row: Row;
  readonly samples: Record<SystemName, Sample[]> = { meridian: [], zookeeper: [], etcd: [] };
  readonly reasons: Partial<Record<SystemName, string>> = {};
  hasFailed = false;

  constructor(row: Row) {
    this.row = row;
  }

  async measure(turn: Turn): Promise<void> {
    const { system, round, signal } = turn;
    const { name, unit } = this.row;
    try {
      const { value, details = {} } = await this.row.measure(turn);
      this.samples[system].push({ round, value, details });
      turn.say(`${name} ${Number(value.toPrecision(4))} ${unit}`);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      this.reasons[system] = reason;
      turn.say(`${name} has no figure: ${reason}`);
      if (error instanceof Unmeasured) return;
      this.hasFailed = true;
      // Whatever went wrong, the rows after it begin with servers that were not there.
      await turn.endShared();
    }
  }
}
