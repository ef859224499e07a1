/**
 * Loaded into a server before everything else: notes when its loop is late, and what its thread did
 * meanwhile, as lines of JSON in the file that `MERIDIAN_LOOP_LOG` names. A turn of the loop that
 * the program itself fills is thus told from one in which the collector ran, or somebody else had
 * the core.
 */
import { appendFile, openSync, readSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

const periodMs = 2;
/** Delays below this are not noted. */
const lateMinMs = 4;
const writeMs = 200;

const file = process.env.MERIDIAN_LOOP_LOG;
delete process.env.MERIDIAN_LOOP_LOG;

if (file !== undefined) {
  const lines = [];
  const schedule = openSync("/proc/thread-self/schedstat", "r");
  const bytes = Buffer.alloc(128);
  /** Milliseconds on a core and milliseconds of waiting for one, so far. */
  const used = () => {
    const length = readSync(schedule, bytes, 0, bytes.length, 0);
    const [ranNs, waitedNs] = bytes.toString("latin1", 0, length).split(" ");
    return [Number(ranNs) / 1e6, Number(waitedNs) / 1e6];
  };
  /** Collections since the last look; they are told of a little later. */
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration, detail } of list.getEntries()) {
      const atMs = performance.timeOrigin + startTime;
      lines.push(JSON.stringify({ what: "collected", atMs, ms: duration, kind: detail.kind }));
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  let lastMs = performance.now();
  let [ranMs, waitedMs] = used();
  setInterval(() => {
    const nowMs = performance.now();
    const lateMs = nowMs - lastMs - periodMs;
    if (lateMs >= lateMinMs) {
      const [ran, waited] = used();
      const [atMs, untilMs] = [lastMs, nowMs].map((ms) => performance.timeOrigin + ms);
      const note = { what: "late", atMs, untilMs, lateMs };
      lines.push(JSON.stringify({ ...note, ranMs: ran - ranMs, waitedMs: waited - waitedMs }));
      [ranMs, waitedMs] = [ran, waited];
    } else [ranMs, waitedMs] = used();
    lastMs = performance.now();
  }, periodMs).unref();
  setInterval(() => {
    if (lines.length > 0) appendFile(file, `${lines.splice(0).join("\n")}\n`, () => {});
  }, writeMs).unref();
}
