/**
 * `npm run check`: everything that can be said about the code without running it. One line a step;
 * the output of a step is shown only when it fails. Ends with status 1 when any step failed.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { delimiter, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/**
 * Linting with types reads what the build made of sister packages, so that the build comes first.
 */
const first = [["types", "tsc", "-b", "packages"]];

const others = [
  ["format", "oxfmt", "--check", "."],
  ["lint", "oxlint", "--type-aware", "--deny-warnings", "packages", "test", "deploy"],
  ["types of tests", "tsc", "-p", "test"],
  ["unused code", "knip", "--no-progress", "--no-config-hints"],
  ["generated code", "node", "packages/wire/generate.mjs", "--check"],
  ["protocol", "buf", "lint", "protos"],
];

/** Runs one step. @returns {Promise<boolean>} whether it succeeded */
async function run([name, command, ...args]) {
  const startedMs = performance.now();
  const { status, output } = await execute(command, args);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const verdict = status === 0 ? "ok" : "FAILED";
  process.stdout.write(`${name.padEnd(16)}${verdict.padEnd(8)}${seconds.padStart(6)} s\n`);
  if (status === 0) return true;
  process.stdout.write(`  $ ${command} ${args.join(" ")}\n${output.replace(/^/gm, "  ")}\n`);
  return false;
}

/** @returns {Promise<{ status: number, output: string }>} never rejects */
function execute(command, args) {
  const path = `${root}/node_modules/.bin${delimiter}${process.env.PATH}`;
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  return new Promise((done) => {
    child.on("error", (error) => done({ status: 1, output: error.message }));
    child.on("close", (code) =>
      done({ status: code ?? 1, output: Buffer.concat(chunks).toString().trimEnd() }),
    );
  });
}

/** Runs steps, as many at a time as there are cores. @returns {Promise<boolean>} */
async function runAll(steps) {
  const queue = [...steps];
  const results = [];
  const worker = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      results.push(await run(step));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results.every(Boolean);
}

const built = await runAll(first);
const held = await runAll(others);
process.exitCode = built && held ? 0 : 1;
