import { parseArgs } from "node:util";
import type { Plant } from "./plant.ts";
import { plants } from "./plants/index.ts";
import { defaultScenario, scenarios } from "./scenarios.ts";

/** What a run was asked for. */
export interface Request {
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly scenario: string;
  /** Undefined: the code as it is. */
  readonly plant: string | undefined;
  /** Planted bugs to hunt, each until it is caught; undefined: run the seeds. */
  readonly hunted: readonly Plant[] | undefined;
  readonly json: boolean;
  /** Shows every event of the seeds. */
  readonly events: boolean;
  readonly workers: number | undefined;
}

/** The arguments make no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `--help` prints. */
export function helpText(): string {
  return `Runs the real code on virtual time, network and disk, under faults drawn from seeds.

  npm run simulate -- --seeds A..B [--scenario NAME] [--plant BUG|list|all] [-o json]

  --seeds A..B      seeds to run, both included; one number runs one seed
  --scenario NAME   ${[...scenarios.keys()].join(", ")}; default: ${defaultScenario}
  --plant BUG       puts a known bug in first; the run should catch it. Without seeds: hunts it
                    until it is caught. list: names them; all: hunts each and prints the score
  --events          prints everything that happens; for one seed
  --workers N       processes; default: one a core
  -o json           prints the result as one JSON document

Examples

  npm run simulate -- --seeds 1..1000
  npm run simulate -- --seeds 4711 --events
  npm run simulate -- --seeds 1..200 --scenario hierarchy -o json
  npm run simulate -- --seeds 1..500 --plant vote-not-persisted
  npm run simulate -- --plant vote-not-persisted
  npm run simulate -- --plant all

Status: 0 when all is well, 1 when a seed failed, a required kind of fault was missing or a planted
bug escaped, 2 when the arguments make no sense.
`;
}

/** Undefined: help was asked for. @throws {UsageError}. */
export function requestOf(argv: readonly string[]): Request | undefined {
  const values = parsed(argv);
  if (values.help === true) return undefined;
  const { plant, events = false } = values;
  const wholesale = plant === "list" || plant === "all";
  if (values.seeds === undefined && plant === undefined) {
    throw new UsageError("which seeds? For example --seeds 1..1000, or --seeds 7 for one");
  }
  const range = seedsOf(values.seeds ?? "1..1");
  if (events && range.from !== range.to) {
    throw new UsageError("--events is for one seed, for example --seeds 7 --events");
  }
  const usual = wholesale ? undefined : usualScenario(plant);
  const scenario = scenarioOf(values.scenario ?? usual ?? defaultScenario);
  const json = isJson(values.output);
  const only = values.seeds === undefined ? plants.filter(({ name }) => name === plant) : undefined;
  const hunted = plant === "all" ? plants : only;
  return { ...range, scenario, plant, hunted, json, events, workers: workersOf(values.workers) };
}

/** Where a planted bug is looked for unless another scenario is named. */
function usualScenario(plant: string | undefined): string | undefined {
  const known = plants.find(({ name }) => name === plant);
  if (plant === undefined || known !== undefined) return known?.scenario;
  throw new UsageError(`no bug is called ${quoted(plant)}; --plant list names them all`);
}

function scenarioOf(name: string): string {
  if (scenarios.has(name)) return name;
  const names = [...scenarios.keys()].join(", ");
  throw new UsageError(`there is no scenario ${quoted(name)}; known are: ${names}`);
}

function isJson(output: string | undefined): boolean {
  if (output === undefined || output === "json") return output === "json";
  throw new UsageError(`-o takes "json", not ${quoted(output)}`);
}

function parsed(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    seeds: text,
    scenario: text,
    plant: text,
    workers: text,
    events: flag,
    output: { ...text, short: "o" },
    help: { ...flag, short: "h" },
  };
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${message}\nnpm passes options on only after "--": npm run simulate -- …`,
    );
  }
}

function seedsOf(text: string): { readonly from: number; readonly to: number } {
  const [, first = "", last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || !Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to > 2 ** 32) {
    throw new UsageError(`--seeds takes A..B or one number up to 2^32, not ${quoted(text)}`);
  }
  if (from > to) throw new UsageError(`--seeds ${text} is empty: did you mean ${to}..${from}?`);
  return { from, to };
}

function workersOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`--workers takes a number from 1 to 99, not ${quoted(text)}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
