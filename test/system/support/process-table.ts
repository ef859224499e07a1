import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A running process. */
export interface RunningProcess {
  readonly pid: number;
  /** Program and arguments. */
  readonly command: readonly string[];
}

/** Whether processes can be looked up here; where not, what needs them skips. */
export const hasProcessTable: boolean = existsSync("/proc/self/stat");

const clockTicksPerSecond = 100; // USER_HZ: fixed for user space on every Linux of today

/** Processes other than this one with a word on their command line that begins with `prefix`. */
export function processesNaming(prefix: string): readonly RunningProcess[] {
  if (!hasProcessTable) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: wordsOf(name) }))
    .filter(({ command }) => command.some((word) => word.startsWith(prefix)));
}

/** Physical memory of some processes in bytes; pages that they share count once for each. */
export function residentBytes(processes: readonly RunningProcess[]): number {
  return sum(processes, ({ pid }) => {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  });
}

/** Processor time that some processes have used since they began, in milliseconds. */
export function processorMs(processes: readonly RunningProcess[]): number {
  return sum(processes, ({ pid }) => {
    const stat = read(pid, "stat");
    // The name in parentheses may hold blanks: fields are counted from behind it; proc(5), 14, 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / clockTicksPerSecond;
  });
}

/** kill -9. A process that is gone is no failure. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function wordsOf(pid: string): readonly string[] {
  return read(Number(pid), "cmdline").split("\0");
}

/** A file of a process; empty when the process is gone. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
