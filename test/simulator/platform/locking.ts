import { type HeldLock, MeridianError } from "@meridian/client";
import type { Chronicle } from "./chronicle.ts";
import type { ClientProcess } from "./client-process.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";
import { ownerOf } from "./registers.ts";
import { between } from "./shape.ts";

const lockPath = "/global/locks/a";
const patienceMs = 6_000;

/** An ephemeral node that a client made. */
interface Ephemeral {
  readonly process: ClientProcess;
  readonly path: string;
  readonly session: number;
}

/** What depends on sessions: a lock that guards a resource, and ephemeral nodes. */
export class SessionWork {
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  readonly #ephemerals: Ephemeral[] = [];
  /** Highest token that the guarded resource has seen, and whose. */
  #guard = { token: 0, holder: "nobody" };

  constructor(chronicle: Chronicle, counter: Counter) {
    this.#chronicle = chronicle;
    this.#counter = counter;
  }

  /** Waits for the lock, uses what it guards for a while, and lets go. */
  async lock(process: ClientProcess): Promise<void> {
    const { client, runtime, name } = process;
    const patience = new AbortController();
    const cancel = runtime.after(patienceMs, () => patience.abort());
    let lock: HeldLock | undefined;
    try {
      lock = await client.lock(lockPath).acquire({ signal: patience.signal });
    } catch (error) {
      const isAllowed = patience.signal.aborted || error instanceof MeridianError;
      if (!isAllowed) throw error;
      this.#counter.count("locksMissed");
      return;
    } finally {
      cancel();
    }
    const { fencingToken } = lock;
    must(fencingToken > this.#guard.token, () => {
      return `${name} was given the token ${fencingToken} after ${JSON.stringify(this.#guard)}`;
    });
    this.#counter.count("locks");
    const uses = between(process.chance, 1, 6);
    for (let use = 0; use < uses; use += 1) {
      this.#use(process, lock);
      await runtime.pause(between(process.chance, 20, 300));
    }
    this.#use(process, lock);
    await lock.release();
  }

  /** Makes an ephemeral node. */
  async present(process: ClientProcess, zone: string): Promise<void> {
    const { client, name } = process;
    const path = `${zone}/${name}-${process.nextValue()}`;
    const ended = await process.operate(`ephemeral ${path}`, 8_000, (options) => {
      return client.create(path, "", { ephemeral: true, ...options });
    });
    if (ended.kind !== "ok") return;
    const session = ended.value.stat.ephemeralOwner;
    this.#ephemerals.push({ process, path, session });
    this.#counter.count("ephemerals");
  }

  /** Whether all nodes of sessions that have ended are gone. */
  get isTidy(): boolean {
    return this.#ephemerals.every(
      (each) => this.#endOf(each) === undefined || !this.#isThere(each),
    );
  }

  /** No node went while its client, by its own clock, still had the session. */
  check(): void {
    for (const each of this.#ephemerals) {
      const end = this.#endOf(each);
      const gone = this.#goneAtMs(each);
      const { path, process, session } = each;
      must(gone === undefined || (end ?? Infinity) <= gone + process.runtime.stoppedMs, () => {
        return `${path} went at ${gone}, when ${process.name} had session ${session} (${end})`;
      });
    }
    for (const process of new Set(this.#ephemerals.map((each) => each.process))) {
      noSilentChange(process);
    }
  }

  #use({ name }: ClientProcess, lock: HeldLock): void {
    if (!lock.isHeld) return this.#counter.count("locksLost");
    const { fencingToken: token } = lock;
    must(token >= this.#guard.token, () => {
      return `${name} holds the lock with token ${token} while ${JSON.stringify(this.#guard)}`;
    });
    this.#guard = { token, holder: name };
  }

  #endOf({ process, session }: Ephemeral): number | undefined {
    return process.sessions.find(
      ({ state, sessionId }) => state === "expired" && sessionId === session,
    )?.atMs;
  }

  #goneAtMs({ path }: Ephemeral): number | undefined {
    const writes = this.#chronicle.of(ownerOf(path)).writesOf(path);
    return writes.find(({ kind }) => kind === "deleted")?.atMs;
  }

  #isThere(each: Ephemeral): boolean {
    return this.#goneAtMs(each) === undefined;
  }
}

/** A session that a cluster knew is followed by another only after it was told to have expired. */
function noSilentChange({ name, sessions }: ClientProcess): void {
  const current = new Map<string, number>();
  for (const { cluster, state, sessionId } of sessions) {
    const known = current.get(cluster);
    if (state === "expired" && known === sessionId) current.delete(cluster);
    if (state !== "opened") continue;
    must(known === undefined, () => {
      return `${name} had session ${known} with ${cluster} and now ${sessionId}`;
    });
    current.set(cluster, sessionId);
  }
}
