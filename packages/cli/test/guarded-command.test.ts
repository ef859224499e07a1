import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test, vi } from "vitest";

import { runGuarded } from "../src/recipe/guarded-command.ts";

const never = new AbortController().signal;
const node = process.execPath;
const path = "/locks/a/write-0-0000000000";

test("the command finds the fencing token, and its exit code becomes ours", async () => {
  const script = "process.exit(Number(process.env.MERIDIAN_FENCING_TOKEN))";
  expect(await runGuarded([node, "-e", script], { path, fencingToken: 42, lost: never })).toBe(42);
});

test("a command that a signal ended gives 128 and its number", async () => {
  const script = "process.kill(process.pid, 'SIGKILL')";
  expect(await runGuarded([node, "-e", script], { path, fencingToken: 1, lost: never })).toBe(137);
});

test("a command ends when what it runs under is lost", async () => {
  const lost = new AbortController();
  const ended = runGuarded([node, "-e", "setInterval(() => {}, 1000)"], {
    path,
    fencingToken: 1,
    lost: lost.signal,
  });
  lost.abort();
  expect(await ended).toBe(143);
});

test("a command that was ended for what it lost has not succeeded", async () => {
  const lost = new AbortController();
  const script = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)";
  const ended = runGuarded([node, "-e", script], { path, fencingToken: 1, lost: lost.signal });
  lost.abort();
  expect(await ended).not.toBe(0);
});

test("what the command has started ends with it", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "meridian-")), "pid");
  const lost = new AbortController();
  const ended = runGuarded(["sh", "-c", `sleep 60 & echo $! > ${file}; wait`], {
    path,
    fencingToken: 1,
    lost: lost.signal,
  });
  const pid = await vi.waitUntil(() => existsSync(file) && Number(readFileSync(file, "utf8")));
  lost.abort();
  expect(await ended).toBe(143);
  // It is gone, or a process that nobody has asked for its exit code yet.
  await vi.waitUntil(() => !existsSync(`/proc/${pid}/exe`));
});

test("a command that ignores the request to end is killed", async () => {
  const mark = join(mkdtempSync(join(tmpdir(), "meridian-")), "ignores");
  const script = `process.on("SIGTERM", () => {});
    require("node:fs").writeFileSync(${JSON.stringify(mark)}, "");
    setInterval(() => {}, 1000);`;
  const lost = new AbortController();
  const ended = runGuarded([node, "-e", script], { path, fencingToken: 1, lost: lost.signal });
  while (!existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 10));
  lost.abort();
  expect(await ended).toBe(137);
});

test("a command that does not exist is a failure with its name", async () => {
  await expect(
    runGuarded(["/no/such/command"], { path, fencingToken: 1, lost: never }),
  ).rejects.toThrow(/cannot run \/no\/such\/command/);
});
