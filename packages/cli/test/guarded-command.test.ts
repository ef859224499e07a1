import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { runGuarded } from "../src/recipe/guarded-command.ts";

const never = new AbortController().signal;
const node = process.execPath;

test("the command finds the fencing token, and its exit code becomes ours", async () => {
  const script = "process.exit(Number(process.env.MERIDIAN_FENCING_TOKEN))";
  expect(await runGuarded([node, "-e", script], { fencingToken: 42, lost: never })).toBe(42);
});

test("a command that a signal ended gives 128 and its number", async () => {
  const script = "process.kill(process.pid, 'SIGKILL')";
  expect(await runGuarded([node, "-e", script], { fencingToken: 1, lost: never })).toBe(137);
});

test("a command ends when what it runs under is lost", async () => {
  const lost = new AbortController();
  const ended = runGuarded([node, "-e", "setInterval(() => {}, 1000)"], {
    fencingToken: 1,
    lost: lost.signal,
  });
  lost.abort();
  expect(await ended).toBe(143);
});

test("a command that ignores the request to end is killed", async () => {
  const mark = join(mkdtempSync(join(tmpdir(), "meridian-")), "ignores");
  const script = `process.on("SIGTERM", () => {});
    require("node:fs").writeFileSync(${JSON.stringify(mark)}, "");
    setInterval(() => {}, 1000);`;
  const lost = new AbortController();
  const ended = runGuarded([node, "-e", script], { fencingToken: 1, lost: lost.signal });
  while (!existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 10));
  lost.abort();
  expect(await ended).toBe(137);
});

test("a command that does not exist is a failure with its name", async () => {
  await expect(runGuarded(["/no/such/command"], { fencingToken: 1, lost: never })).rejects.toThrow(
    /cannot run \/no\/such\/command/,
  );
});
