import type { Change, Stat } from "../../src/index.ts";
import { pick } from "./random.ts";

const kinds = ["created", "changed", "deleted"] as const;
const modes = ["persistent", "ephemeral", "container", "ttl", "persistent-sequential"] as const;
const sizes = [0, 0, 1, 7, 20, 40];

/** Changes of a transaction, nearly always one, of every kind and of strict and eventual zones. */
export function someChanges(random: () => number): Change[] {
  const count = random() < 0.9 ? 1 : Math.floor(random() * 12);
  return Array.from({ length: count }, () => someChange(random));
}

function someChange(random: () => number): Change {
  const number = (): number => Math.floor(random() ** 8 * Number.MAX_SAFE_INTEGER);
  const path = `/${Math.floor(random() * 50)}`;
  const data = new Uint8Array(pick(random, sizes)).fill(number() % 256);
  const stat: Stat = {
    czxid: number(),
    mzxid: number(),
    pzxid: number(),
    ctimeMs: number(),
    mtimeMs: number(),
    version: Math.floor(random() * 2 ** 32) - 2 ** 31,
    cversion: number(),
    aversion: number(),
    ephemeralOwner: number(),
    dataLength: number(),
    numChildren: number(),
  };
  const [mode, kind] = [pick(random, modes), pick(random, kinds)];
  const change = { kind, path, data, stat, mode, ttlMs: mode === "ttl" ? number() : 0 };
  if (random() < 0.7) return change;
  const stamp = { ms: number(), counter: number(), region: "eu" };
  const vector = new Map([["eu", number()]]);
  return { ...change, stat: { ...stat, origin: "eu", vector }, stamp };
}
