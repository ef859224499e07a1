import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";

import { type HistoryEvent, HistoryError } from "./history.ts";
import { type Judgement, judge, models } from "./judge.ts";
import { HistoryLines } from "./lines.ts";
import type { ModelName } from "./model.ts";

/** Exit code 0: all are linearizable. 1: one is not. 2: one is not known or not usable. */
export type ExitCode = 0 | 1 | 2;

/** Where a command reads and writes. */
export interface Streams {
  readonly stdin: Readable;
  /** Takes a line of data. */
  readonly print: (line: string) => void;
  /** Takes a line of what goes wrong. */
  readonly complain: (line: string) => void;
}

/** Judges the files that the arguments name. */
export async function judgeFiles(args: readonly string[], streams: Streams): Promise<ExitCode> {
  const options = optionsOf(args);
  if (typeof options === "string") {
    streams.complain(`${options}\n\n${usage}`);
    return 2;
  }
  if (options.isHelp) {
    streams.print(usage);
    return 0;
  }
  const codes: ExitCode[] = [];
  for (const file of options.files) codes.push(await judgeFile(file, options, streams));
  if (codes.includes(1)) return 1;
  return codes.includes(2) ? 2 : 0;
}

interface Options {
  readonly files: readonly string[];
  readonly model: ModelName | undefined;
  readonly seconds: number;
  readonly initial: unknown;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

const usage = `Judges whether a history is linearizable.

  npm run judge -- FILE... [--model register|kv|mutex] [--seconds N] [--initial JSON] [-o json]

FILE holds a JSON object a line, in the order in which things happened; "-" is standard input:

  {"process":0,"type":"invoke","f":"write","key":"k","value":1}
  {"process":1,"type":"invoke","f":"read","key":"k","value":null}
  {"process":0,"type":"ok","f":"write","key":"k","value":1}
  {"process":1,"type":"ok","f":"read","key":"k","value":1}

  type      invoke: it begins; ok: it has happened; fail: it has not and will not;
            info: nobody knows, it may still happen. One without an end is the same as info.
  register  read, write, cas with value [expected, new]
  kv        get or read, put or write, cas, delete, append
  mutex     acquire, release; a number at the ok of acquire is a fencing token
  key       left out: there is one object only. Other fields say nothing.

  --model   left out: told from the names of the operations
  --seconds how long to search, 60 by default; then the verdict is unknown
  --initial what every key holds at first, as JSON; null by default

Exit code: 0 linearizable, 1 not (with the reason), 2 unknown, or input that cannot be used.

Examples:
  npm run --silent judge -- history.jsonl
  npm run --silent judge -- --model mutex --seconds 10 -o json - < locks.jsonl`;

const secondsByDefault = 60;

/** Options, or what is wrong with them. */
function optionsOf(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        model: { type: "string" },
        seconds: { type: "string", default: String(secondsByDefault) },
        initial: { type: "string" },
        output: { type: "string", short: "o", default: "text" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { model, output, initial, help: isHelp } = values;
    const seconds = Number(values.seconds);
    if (model !== undefined && !Object.hasOwn(models, model)) {
      return `--model ${model}: expected register, kv or mutex`;
    }
    if (!(seconds > 0)) return `--seconds ${values.seconds}: expected a number above 0`;
    if (output !== "text" && output !== "json") return `-o ${output}: expected text or json`;
    if (positionals.length === 0 && !isHelp) return "which file? “-” is standard input";
    return {
      files: positionals,
      model: model as ModelName | undefined,
      seconds,
      initial: initial === undefined ? undefined : (JSON.parse(initial) as unknown),
      isJson: output === "json",
      isHelp,
    };
  } catch (error) {
    return (error as Error).message;
  }
}

async function judgeFile(file: string, options: Options, streams: Streams): Promise<ExitCode> {
  const startedMs = performance.now();
  try {
    const { events, notes } = await read(file, streams.stdin);
    const model = options.model ?? modelFor(events);
    const { initial } = options;
    const judgement = judge(events, model, { ms: options.seconds * 1_000, initial });
    const elapsedMs = Math.round(performance.now() - startedMs);
    const all = { ...judgement, notes: [...notes, ...judgement.notes] };
    streams.print(
      options.isJson
        ? JSON.stringify({ file, model, ...all, elapsedMs })
        : textOf(file, model, all, elapsedMs),
    );
    return exitCodes[judgement.verdict];
  } catch (error) {
    const isFileTrouble = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!(error instanceof HistoryError) && !isFileTrouble) throw error;
    const code = isFileTrouble ? "UNREADABLE" : "UNUSABLE";
    const { message } = error as Error;
    if (options.isJson) {
      streams.print(JSON.stringify({ file, error: { code, message, retryable: false } }));
    } else {
      streams.complain(`${file}: ${message}`);
    }
    return 2;
  }
}

const exitCodes = { linearizable: 0, unknown: 2, violated: 1 } as const;

async function read(file: string, stdin: Readable): Promise<ReturnType<HistoryLines["finish"]>> {
  const input = file === "-" ? stdin : createReadStream(file);
  const lines = new HistoryLines();
  // A stream that fails ends the iteration silently: the failure is passed on by hand.
  const failed = new Promise<never>((_, reject) => {
    input.once("error", reject);
  });
  const all = (async () => {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) lines.add(line);
    return lines.finish();
  })();
  return await Promise.race([all, failed]);
}

/** The model whose operations a history names. */
function modelFor(events: readonly HistoryEvent[]): ModelName {
  const order: readonly ModelName[] = ["register", "mutex", "kv"];
  const found = order.find((name) => events.every(({ f }) => models[name].functions.includes(f)));
  return found ?? "register";
}

function textOf(file: string, model: ModelName, found: Judgement, elapsedMs: number): string {
  const { verdict, operations, keys, steps, explanation, notes } = found;
  const titles = { linearizable: "linearizable", unknown: "unknown", violated: "not linearizable" };
  const size = `${operations} operations on ${keys} ${keys === 1 ? "key" : "keys"}`;
  return [
    `${titles[verdict]}: ${file}: ${size} (${model}), ${steps} steps, ${elapsedMs} ms`,
    ...notes.map((note) => `note: ${note}`),
    ...(explanation === undefined ? [] : [explanation]),
  ].join("\n");
}
