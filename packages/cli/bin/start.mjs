#!/usr/bin/env node
// What `npm start` and `npm test` run on a fresh clone: installs what is missing, builds what
// changed, then goes on in this same process, so that signals and exit codes need no forwarding.
// Uses nothing but Node itself; everything said before the platform or the tests take over goes to
// stderr, which leaves stdout to them.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const modules = join(root, "node_modules");

await start(process.argv.slice(2));

async function start([verb, ...rest]) {
  refuseOldNode();
  stopWithNpm();
  if (installNeeded()) {
    say("Installing dependencies (npm ci) ...");
    await run(...npm(), "ci", "--no-audit", "--no-fund");
  }
  await run(process.execPath, join(modules, "typescript/bin/tsc"), "-b", "packages");
  if (verb === "dev") {
    const { main } = await load("packages/cli/dist/main.js");
    await main(["dev", ...rest]);
  } else if (verb === "test") {
    process.chdir(root);
    const vitest = join(modules, "vitest/vitest.mjs");
    process.argv.splice(1, Infinity, vitest, "run", "--config", "test/vitest.config.ts", ...rest);
    await load("node_modules/vitest/vitest.mjs");
  } else {
    say("usage: start.mjs dev|test [argument ...]");
    process.exitCode = 2;
  }
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isNewEnough = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  if (isNewEnough) return;
  say(`Node ${process.versions.node} is too old: 20.19, 22.12 or 24 and later are needed.`);
  process.exit(1);
}

/**
 * npm passes SIGINT and SIGTERM on, but cannot pass SIGKILL: then the shell between npm and this
 * process, or this process itself, gets another parent, which is the sign to stop as well.
 */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const ancestors = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const atStart = ancestors();
  setInterval(() => {
    if (ancestors() !== atStart) process.kill(process.pid, "SIGTERM");
  }, 500).unref();
}

/** Parent of another process, where /proc tells. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  } catch {
    return undefined;
  }
}

/**
 * Whether some package of the lockfile is missing or has another version than the lockfile says.
 */
function installNeeded() {
  const wanted = join(root, "package-lock.json");
  const installed = join(modules, ".package-lock.json");
  if (!existsSync(installed)) return true;
  if (statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return false;
  // A checkout renews the time of the lockfile, whether or not it changed: its contents decide.
  const there = packagesOf(installed);
  return Object.entries(packagesOf(wanted)).some(([path, entry]) => {
    if (path === "" || !path.includes("node_modules/") || entry.link || entry.optional)
      return false;
    return there[path]?.version !== entry.version;
  });
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, "utf8")).packages;
}

function npm() {
  const script = process.env.npm_execpath;
  return script === undefined ? ["npm"] : [process.execPath, script];
}

/**
 * Runs a command to its end; ends this process with its exit code when it fails or is interrupted.
 */
function run(command, ...args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  const forward = (signal) => child.kill(signal);
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  return new Promise((done) => {
    child.on("error", ({ message }) => {
      say(`cannot run ${command}: ${message}`);
      process.exit(1);
    });
    child.on("exit", (code, signal) => {
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
      if (code === 0) return done();
      process.exit(code ?? 128 + constants.signals[signal]);
    });
  });
}

function load(path) {
  return import(pathToFileURL(join(root, path)).href);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
