/** The checks of the workload, on stores that break their word in one way each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MeridianError, type ChildList, type NodeValue, type Written } from "@meridian/client";
import { afterEach, beforeEach, expect, test } from "vitest";

import { judge } from "../linearizability/judge.ts";
import { Random } from "../linearizability/support/random.ts";
import { Counter } from "./counter.ts";
import { GrowingSet } from "./growing-set.ts";
import { Recorder } from "./recorder.ts";
import { RegisterClient, prepareRegister } from "./register-client.ts";

let directory = "";
let recorder: Recorder;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "meridian-workload-"));
  recorder = new Recorder(join(directory, "history.jsonl"));
});

afterEach(() => {
  recorder[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

test("a counter is right on a good store, whatever ends are unknown", async () => {
  const store = new Store({ lostAnswers: 0.2 });
  const { counter, acknowledged } = await counted(store);
  expect(acknowledged).toBeGreaterThan(20);
  expect(recorder.tally.unknown).toBeGreaterThan(5);
  expect(await counter.broken(store)).toEqual([]);
});

test("a counter tells a lost increment and one that counted twice", async () => {
  for (const by of [-1, 1]) {
    const store = new Store({});
    const { counter } = await counted(store);
    store.put("/counter", String(Number(store.text("/counter")) + by));
    expect(await counter.broken(store)).toHaveLength(1);
  }
});

test("a set tells what is lost, and what was refused and is there", async () => {
  const store = new Store({ lostAnswers: 0.2 });
  const set = new GrowingSet("/set");
  await set.prepare(store);
  while (!(await set.add(store, recorder))) expect(recorder.tally.applied).toBe(0);
  for (let count = 0; count < 50; count += 1) await set.add(store, recorder);
  expect(await set.broken(store)).toEqual([]);
  store.lies = true;
  await set.add(store, recorder);
  expect(await set.broken(store)).toEqual([expect.stringContaining("was refused and is there")]);
  store.remove(String([...store.names("/set")].findLast((name) => store.isTold(name))));
  expect(await set.broken(store)).toEqual([
    expect.stringContaining("was acknowledged and is not there"),
    expect.stringContaining("was refused and is there"),
  ]);
});

test("a good store has a linearizable history, one with stale reads has none", async () => {
  expect(await historyVerdict(new Store({ lostAnswers: 0.1 }))).toBe("linearizable");
  expect(recorder.tally.unknown).toBeGreaterThan(5);
  expect(await historyVerdict(new Store({ staleReads: 0.1 }))).toBe("violated");
});

test("a write that was refused and yet applied makes the history a violation", async () => {
  const store = new Store({});
  await prepareRegister(store, "/register");
  const client = new RegisterClient(store, recorder.process());
  store.lies = true;
  const random = new Random(1);
  for (let count = 0; count < 20; count += 1) await client.any("/register", random);
  await client.read("/register");
  expect(judge(recorder.events, "register").verdict).toBe("violated");
});

async function counted(store: Store): Promise<{ counter: Counter; acknowledged: number }> {
  const counter = new Counter("/counter");
  await counter.prepare(store);
  let acknowledged = 0;
  for (let count = 0; count < 60; count += 1) {
    if (await counter.increment(store, recorder)) acknowledged += 1;
  }
  return { counter, acknowledged };
}

async function historyVerdict(store: Store): Promise<string> {
  await prepareRegister(store, "/register");
  const random = new Random(3);
  const clients = [1, 2, 3].map(() => new RegisterClient(store, recorder.process()));
  const from = recorder.events.length;
  for (let count = 0; count < 200; count += 1) await random.pick(clients).any("/register", random);
  return judge(recorder.events.slice(from), "register").verdict;
}

interface Troubles {
  /** Part of the writes whose end nobody learns. */
  readonly lostAnswers?: number;
  /** Part of the reads that find the value before the last one. */
  readonly staleReads?: number;
}

/** One copy of the data, as one client would see it. */
class Store {
  /** Applies writes and says that it refused them. */
  lies = false;
  readonly #troubles: Troubles;
  readonly #random = new Random(2);
  readonly #nodes = new Map<string, { texts: string[]; isTold: boolean }>();

  constructor(troubles: Troubles) {
    this.#troubles = troubles;
  }

  text(path: string): string {
    return this.#nodes.get(path)?.texts.at(-1) ?? "";
  }

  put(path: string, text: string): void {
    this.#nodes.set(path, { texts: [text], isTold: true });
  }

  remove(path: string): void {
    this.#nodes.delete(path);
  }

  isTold(path: string): boolean {
    return this.#nodes.get(path)?.isTold === true;
  }

  names(folder: string): string[] {
    return [...this.#nodes.keys()].filter((path) => path.startsWith(`${folder}/`));
  }

  async create(path: string, data: string | Uint8Array = ""): Promise<Written> {
    this.#nodes.set(path, { texts: [String(data)], isTold: true });
    if (path.split("/").length > 2) this.#answer(path);
    return await this.#written(path);
  }

  async set(
    path: string,
    data: string | Uint8Array,
    { version = -1 }: { readonly version?: number | undefined } = {},
  ): Promise<Written> {
    const texts = this.#nodes.get(path)?.texts ?? [];
    if (version !== -1 && version !== texts.length - 1) {
      throw new MeridianError("BAD_VERSION", "another one");
    }
    const isApplied = !this.#random.chance((this.#troubles.lostAnswers ?? 0) / 2);
    if (!isApplied) throw new MeridianError("UNKNOWN", "nobody knows");
    texts.push(String(data));
    this.#answer(path);
    return await this.#written(path);
  }

  async get(path: string): Promise<NodeValue> {
    const texts = this.#nodes.get(path)?.texts ?? [];
    const isStale = texts.length > 1 && this.#random.chance(this.#troubles.staleReads ?? 0);
    const index = texts.length - (isStale ? 2 : 1);
    return await Promise.resolve({ text: texts[index], stat: { version: index } } as NodeValue);
  }

  async children(folder: string): Promise<ChildList> {
    const names = this.names(folder).map((path) => path.slice(folder.length + 1));
    return await Promise.resolve({ names } as unknown as ChildList);
  }

  #answer(path: string): void {
    const isLost = this.#random.chance(this.#troubles.lostAnswers ?? 0);
    const node = this.#nodes.get(path);
    if (node !== undefined) node.isTold = !isLost && !this.lies;
    if (this.lies) throw new MeridianError("OVERLOADED", "not applied, it says");
    if (isLost) throw new MeridianError("UNKNOWN", "nobody knows");
  }

  async #written(path: string): Promise<Written> {
    const version = (this.#nodes.get(path)?.texts.length ?? 0) - 1;
    return await Promise.resolve({ path, stat: { version } } as Written);
  }
}
