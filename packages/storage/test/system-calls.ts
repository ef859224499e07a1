import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./directory.ts";

/** One line of `life.ts`: how a step went, and what the storage said afterwards. */
export interface Said {
  readonly outcome: string;
  readonly lastIndex: number;
  readonly term: number;
  readonly step: string;
}

/** A call that ended. Calls of all threads, in the order of their ends. */
export interface Call {
  readonly name: string;
  /** As strace prints them. */
  readonly rest: string;
}

/** Whether system calls can be watched and made to fail here. */
export function canTrace(): boolean {
  return spawnSync(tracer, ["-f", "-o", "/dev/null", "true"]).status === 0;
}

/** Runs `life.ts` on a directory under strace. `inject` as strace's option of this name has it. */
export async function traceLife(
  directory: string,
  entryBytes: number,
  inject?: string,
): Promise<{ readonly said: readonly Said[]; readonly calls: readonly Call[] }> {
  const trace = join(await temporaryDirectory(), "trace");
  const script = fileURLToPath(new URL("./life.ts", import.meta.url));
  const options = inject === undefined ? [] : ["-e", `inject=${inject}`];
  const watching = ["-f", "-y", "-o", trace, "-e", `trace=${watched.join()}`, ...options];
  const life = [process.execPath, ...source, script, directory, String(entryBytes)];
  const child = spawn(tracer, [...watching, ...life], {
    stdio: ["ignore", "pipe", "inherit"],
    // One thread: calls are counted for each thread apart.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const said = output.trim().split("\n").map(parseSaid);
  return { said, calls: parseCalls(await readFile(trace, "utf8")) };
}

/** Runs `slow-disk.ts`, where each of these calls takes so long; gives what it says. */
export async function runSlowed(
  directory: string,
  calls: readonly string[],
  callMs: number,
): Promise<Readonly<Record<string, { readonly beats: number; readonly ms: number }>>> {
  const script = fileURLToPath(new URL("./slow-disk.ts", import.meta.url));
  const slowed = calls.flatMap((call) => ["-e", `inject=${call}:delay_enter=${callMs * 1000}`]);
  const watching = ["-f", "-o", "/dev/null", "-e", `trace=${calls.join()}`, ...slowed];
  const life = [process.execPath, ...source, script, directory];
  const child = spawn(tracer, [...watching, ...life], { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as Awaited<ReturnType<typeof runSlowed>>;
}

/** Shows and disturbs the system calls of a process. */
const tracer = "strace";
const source = ["--conditions", "@meridian/source", "--import", "tsx"] as const;
const watched =
  "openat rename renameat renameat2 unlink unlinkat fsync fdatasync write writev pwrite64".split(
    " ",
  );

function parseSaid(line: string): Said {
  const [outcome = "", lastIndex, term, step = ""] = line.split(" ");
  return { outcome, lastIndex: Number(lastIndex), term: Number(term), step };
}

/** A call that another thread interrupts is printed in two parts. */
function parseCalls(trace: string): Call[] {
  const unfinished = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of trace.split("\n")) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(text);
    if (begun !== null) {
      unfinished.set(thread, begun[1] ?? "");
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const whole = resumed === null ? text : `${unfinished.get(thread) ?? ""}${resumed[1]}`;
    const call = /^(\w+)\((.*)$/.exec(whole);
    if (call !== null) calls.push({ name: call[1] ?? "", rest: call[2] ?? "" });
  }
  return calls;
}
