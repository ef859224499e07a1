import { readFileSync } from "node:fs";

const clockTicksPerSecond = 100; // USER_HZ: fixed for user space on every Linux of today

/** Physical memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number | undefined): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Processor time that some processes have used since they began, in milliseconds. */
export function processorMs(pids: readonly (number | undefined)[]): number {
  let total = 0;
  for (const pid of pids) {
    const stat = read(pid, "stat");
    // The name in parentheses may hold blanks: fields are counted from behind it; proc(5), 14, 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    total += ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / clockTicksPerSecond;
  }
  return total;
}

/** A file of a process; empty when the process is gone. */
function read(pid: number | undefined, file: string): string {
  if (pid === undefined) return "";
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
