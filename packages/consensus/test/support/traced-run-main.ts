import { traceOf } from "./traced-run.ts";

/** `traced-run-main.ts [seed] [steps]`: a run of three members as lines of a trace file. */
const [seed = 1, steps = 300] = process.argv.slice(2).map(Number);
for (const event of traceOf(seed, ["a", "b", "c"], steps)) {
  process.stdout.write(`${JSON.stringify({ tag: "trace", event })}\n`);
}
