import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = resolve(import.meta.dirname, "young-generation.mjs");

/** Bytes of the young generation of a process under load, at most. */
async function youngBytes(...args: readonly string[]): Promise<number> {
  const flags = ["--import", "tsx", "--conditions=@meridian/source", program];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args]);
  return Number(stdout);
}

test("a server's young generation stops to grow long before V8 would stop it", async () => {
  const [bounded, free] = await Promise.all([youngBytes("--bounded"), youngBytes()]);
  expect(free).toBeGreaterThan(24 * 1024 * 1024);
  expect(bounded).toBeLessThanOrEqual(17 * 1024 * 1024);
});
