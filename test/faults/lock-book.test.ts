import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MeridianError } from "@meridian/client";
import { expect, test } from "vitest";

import { judge } from "../linearizability/judge.ts";
import { Random } from "../linearizability/support/random.ts";
import { LockBook } from "./lock-book.ts";
import { Recorder } from "./recorder.ts";

test("locks that one holds at a time have a linearizable history", async () => {
  expect(await verdictOf(new Locks())).toBe("linearizable");
});

test("a holder that knows that it may have lost the lock leaves it to the next", async () => {
  expect(await verdictOf(new Locks({ expires: true }))).toBe("linearizable");
});

test("two holders at once, and a token that does not grow, are violations", async () => {
  expect(await verdictOf(new Locks({ sharesWith: 2 }))).toBe("violated");
  expect(await verdictOf(new Locks({ tokenStep: 0 }))).toBe("violated");
});

test("an end of the session is recovered from", async () => {
  const locks = new Locks({ endsSession: true });
  expect(await verdictOf(locks)).toBe("linearizable");
  expect(locks.renewals).toBe(1);
});

async function verdictOf(locks: Locks): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "meridian-lock-book-"));
  const recorder = new Recorder(join(directory, "locks.jsonl"));
  try {
    const book = new LockBook("/lock", recorder, 0);
    const random = new Random(1);
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        for (let count = 0; count < 5; count += 1) await book.visit(locks, random);
      }),
    );
    return judge(recorder.events, "mutex").verdict;
  } finally {
    recorder[Symbol.dispose]();
    rmSync(directory, { recursive: true });
  }
}

interface Troubles {
  /** As many hold it at once. */
  readonly sharesWith?: number;
  readonly tokenStep?: number;
  /** The session of a holder ends while it holds the lock. */
  readonly expires?: boolean;
  /** The first who asks learns that its session is over. */
  readonly endsSession?: boolean;
}

interface Holder {
  readonly fencingToken: number;
  isHeld: boolean;
  release(): Promise<void>;
}

/** One lock, given to whoever waits longest. */
class Locks {
  renewals = 0;
  readonly #troubles: Troubles;
  #free: number;
  #token = 0;
  #isOver: boolean;
  readonly #queue: (() => void)[] = [];

  constructor(troubles: Troubles = {}) {
    this.#troubles = troubles;
    this.#free = troubles.sharesWith ?? 1;
    this.#isOver = troubles.endsSession === true;
  }

  lock(): { acquire(): Promise<Holder> } {
    return { acquire: () => this.#acquire() };
  }

  renew(): void {
    this.renewals += 1;
  }

  async #acquire(): Promise<Holder> {
    if (this.#isOver) {
      this.#isOver = false;
      throw new MeridianError("SESSION_EXPIRED", "too late");
    }
    while (this.#free === 0) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
    }
    this.#free -= 1;
    this.#token += this.#troubles.tokenStep ?? 1;
    let isGiven = false;
    const give = (): void => {
      if (isGiven) return;
      isGiven = true;
      this.#free += 1;
      this.#queue.shift()?.();
    };
    const holder: Holder = {
      fencingToken: this.#token,
      isHeld: true,
      release: async () => {
        await Promise.resolve();
        give();
      },
    };
    if (this.#troubles.expires === true) {
      setImmediate(() => {
        holder.isHeld = false;
        give();
      });
    }
    return holder;
  }
}
