import type { IWelcome } from "@meridian/wire";
import { expect, test } from "vitest";
import { SessionLedger } from "../src/ledger.ts";
import { Pending } from "../src/pending.ts";
import { createRequest, type DraftRequest } from "../src/request.ts";
import { VirtualRuntime } from "./virtual-runtime.ts";

function write(mode: number): Pending {
  const request: DraftRequest = createRequest({
    path: "/a",
    data: new Uint8Array(0),
    mode,
    ttlMs: 0,
    parents: false,
  });
  const settle = (): void => undefined;
  return new Pending({
    request,
    isWrite: true,
    deadlineAtMs: 0,
    isFinal: true,
    origins: [],
    settle,
  });
}

test("session ids are safe integers from 1 to 2^52, and no two are alike", () => {
  const runtime = new VirtualRuntime(5);
  const ids = Array.from({ length: 2_000 }, () => new SessionLedger(runtime, "r", 9_000).id);
  for (const id of ids) expect(id >= 1 && id <= 2 ** 52 && Number.isSafeInteger(id)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Math.max(...ids)).toBeGreaterThan(2 ** 51);
});

test("the highest number without a gap is acknowledged, in whatever order answers come", () => {
  const ledger = new SessionLedger(new VirtualRuntime(), "r", 9_000);
  const writes = Array.from({ length: 5_000 }, () => write(1));
  for (const each of writes) ledger.number(each);
  expect(ledger.acknowledged).toBe(0);
  for (const each of writes.slice(1, 4_000)) ledger.answered(each);
  expect(ledger.acknowledged).toBe(0);
  const [first] = writes;
  if (first !== undefined) ledger.answered(first);
  expect(ledger.acknowledged).toBe(4_000);
  for (const each of writes.slice(4_000).reverse()) ledger.answered(each);
  expect(ledger.acknowledged).toBe(5_000);
});

test("a session exists once it was welcomed, and is never made a second time", () => {
  const ledger = new SessionLedger(new VirtualRuntime(), "r", 9_000);
  expect(ledger.hello(10)).toMatchObject({ create: true, timeoutMs: 9_000, region: "r" });
  expect(ledger.hello(20).create).toBe(true);
  ledger.welcomed({ timeoutMs: 4_000 } as IWelcome);
  expect(ledger.hello(30)).toMatchObject({ create: false, timeoutMs: 4_000 });
});

test("the lease counts from the last sign of life that was confirmed, less a margin", () => {
  const ledger = new SessionLedger(new VirtualRuntime(), "r", 10_000);
  expect(ledger.expiresAtMs).toBe(Infinity);
  ledger.hello(1_000);
  expect(ledger.expiresAtMs).toBe(10_000);
  ledger.hello(5_000); // said again, and still not known to have been heard
  expect(ledger.expiresAtMs).toBe(10_000);
  ledger.confirmed(5_000);
  expect(ledger.expiresAtMs).toBe(14_000);
  ledger.confirmed(4_000);
  expect(ledger.expiresAtMs).toBe(14_000);
});

test("it is known whether a session may own ephemeral nodes", () => {
  const ledger = new SessionLedger(new VirtualRuntime(), "r", 10_000);
  ledger.number(write(1));
  expect(ledger.ownsEphemerals).toBe(false);
  ledger.number(write(4));
  expect(ledger.ownsEphemerals).toBe(true);
});
