/**
 * A process that increments what a lock guards, and trusts the lock: it never looks whether it
 * still holds it, so that only fencing tokens stand between a long pause and a lost update.
 *
 * Its parent is one of the guarded resources, a register behind a guard that is spoken to over the
 * channel between the two; the other one is a znode. Arguments: endpoints, region, path of the
 * lock, path of the znode, session timeout in milliseconds.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { connect, FencedNode, type HeldLock, MeridianError } from "@meridian/client";

/** What a worker asks of its parent. */
export interface WorkerRequest {
  readonly kind: "read" | "write" | "end";
  readonly token: number;
  /** To write. */
  readonly value: number;
  /** What became of the increments of the znode so far. */
  readonly znode: ZnodeFates;
}

/** How many increments were acknowledged, refused for their token, or left unknown. */
export interface ZnodeFates {
  acknowledged: number;
  refused: number;
  unknown: number;
}

/** What it is answered. */
export interface WorkerAnswer {
  readonly isAdmitted: boolean;
  readonly value: number;
}

const [endpoints = "", region = "", lockPath = "", nodePath = "", timeoutMs = ""] =
  process.argv.slice(2);
/** Time between what is read and what is written back. */
const thinkMsMax = 30;
const znode: ZnodeFates = { acknowledged: 0, refused: 0, unknown: 0 };
let isOver = false;

const to = { endpoints: endpoints.split(","), region };
const locks = await connect({ ...to, sessionTimeoutMs: Number(timeoutMs) });
// Of another session, which outlives the one with the lock: nothing but the token protects it.
const writer = await connect(to);
const node = new FencedNode(writer, nodePath);

process.once("SIGTERM", () => {
  isOver = true;
});
while (!isOver) {
  try {
    await using lock = await locks.lock(lockPath).acquire({ deadlineMs: 10_000 });
    await Promise.all([incrementRegister(lock), incrementNode(lock)]);
  } catch (error) {
    if (!(error instanceof MeridianError)) throw error;
    if (error.code === "SESSION_EXPIRED") locks.renew();
    else await sleep(100);
  }
}
await ask({ kind: "end", token: 0, value: 0, znode });
await Promise.all([locks.close(), writer.close()]);
process.disconnect();

async function incrementRegister({ fencingToken: token }: HeldLock): Promise<void> {
  const read = await ask({ kind: "read", token, value: 0, znode });
  if (!read.isAdmitted) return;
  await sleep(Math.random() * thinkMsMax);
  await ask({ kind: "write", token, value: read.value + 1, znode });
}

async function incrementNode({ fencingToken: token }: HeldLock): Promise<void> {
  try {
    const { text } = await node.read(token);
    await sleep(Math.random() * thinkMsMax);
    await node.write(token, `${Number(text) + 1}`);
    znode.acknowledged += 1;
  } catch (error) {
    if (!(error instanceof MeridianError)) throw error;
    if (error.code === "UNKNOWN") znode.unknown += 1;
    if (error.code === "BAD_VERSION") znode.refused += 1;
  }
}

/** One question at a time: the parent answers in order. */
async function ask(request: WorkerRequest): Promise<WorkerAnswer> {
  const answer = once(process, "message");
  process.send?.(request);
  const [answered] = (await answer) as [WorkerAnswer];
  return answered;
}
