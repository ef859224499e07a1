import { type Profiler, Session } from "node:inspector";

/** What was executed. */
export interface Executed {
  /** Calls of functions of the product. */
  readonly calls: number;
  /**
   * Characters of its source that were executed, each as often as it was: the nearest to a count of
   * instructions that is the same on every machine.
   */
  readonly steps: number;
  /** Calls by function, as "package/file function". */
  readonly byFunction: ReadonlyMap<string, number>;
}

const packages = new URL("../../../packages/", import.meta.url).href;

/** Counts how often each function and each block of the product's sources is executed. */
export class CallMeter {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Counts from here. */
  reset(): void {
    this.#post("Profiler.takePreciseCoverage");
  }

  /** What was executed since the last call. */
  take(): Executed {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      scripts = result;
    });
    const byFunction = new Map<string, number>();
    let calls = 0;
    let steps = 0;
    for (const { url, functions } of scripts) {
      if (!isCounted(url)) continue;
      const file = placeOf(url);
      for (const { functionName, ranges } of functions) {
        const count = ranges[0]?.count ?? 0;
        // The loader of the sources gives functions their names by one.
        if (count === 0 || functionName === "__name") continue;
        calls += count;
        const key = `${file} ${functionName}`;
        byFunction.set(key, (byFunction.get(key) ?? 0) + count);
      }
      steps += stepsOf(functions);
    }
    return { calls, steps, byFunction };
  }

  #post(method: "Profiler.enable" | "Profiler.takePreciseCoverage"): void {
    this.#session.post(method, (error) => {
      if (error !== null) throw error;
    });
  }
}

/** "package/file". */
function placeOf(url: string): string {
  if (!url.startsWith(packages)) return `grpc-js/${url.slice(url.lastIndexOf("/") + 1)}`;
  return url.slice(packages.length).replace("/src/", "/");
}

/** The product's own, but for what stands for network and disk within a process; and gRPC. */
function isCounted(url: string): boolean {
  if (url.includes("/node_modules/@grpc/grpc-js/")) return true;
  if (!url.startsWith(packages)) return false;
  const path = url.slice(packages.length);
  return path.includes("/src/") && !/^(transport\/src\/memory\/|storage\/src\/memory-)/.test(path);
}

/** Sum over all blocks of their length without the blocks inside, times their count. */
function stepsOf(functions: readonly Profiler.FunctionCoverage[]): number {
  const ranges = functions.flatMap((one) => one.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const around: Profiler.CoverageRange[] = [];
  let steps = 0;
  for (const range of ranges) {
    let outer = around.at(-1);
    while (outer !== undefined && outer.endOffset <= range.startOffset) {
      around.pop();
      outer = around.at(-1);
    }
    const length = range.endOffset - range.startOffset;
    steps += length * (range.count - (outer?.count ?? 0));
    around.push(range);
  }
  return steps;
}
