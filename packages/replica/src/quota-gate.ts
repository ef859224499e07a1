import type { Command, Refused } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import type { Member } from "./member.ts";

/** A write goes its usual way when nobody has confirmed by then that there is no room for it. */
const proofMaxMs = 1_000;

/** A write that may be refused before it is proposed. */
export interface GatedWrite {
  readonly command: Command;
  /** Nothing before it is on its way, and it was certainly never on its way itself. */
  readonly mayRefuse: () => boolean;
  readonly pass: () => void;
  readonly refuse: (refused: Refused) => void;
}

/**
 * Refuses writes early for which a quota has no room: they cost a read index, shared by all that
 * wait, and no entry of the log. What this node knows alone proves nothing, as room may have been
 * made that it has not heard of. Writes behind one that waits wait too: none overtakes another.
 */
export class QuotaGate {
  readonly #member: Pick<Member, "tree" | "barrier">;
  readonly #clock: Clock;
  #waiting: GatedWrite[] = [];
  #isAsking = false;

  constructor(member: Pick<Member, "tree" | "barrier">, clock: Clock) {
    this.#member = member;
    this.#clock = clock;
  }

  /** False: a write may pass without being offered. */
  concerns({ operation }: Command): boolean {
    return this.#isAsking || this.#member.tree.isTight(operation);
  }

  /** Passes a write on, or refuses it, now or later; in the order of the offers. */
  offer(write: GatedWrite): void {
    if (!this.#isAsking && !this.#isInDoubt(write)) return write.pass();
    this.#waiting.push(write);
    if (!this.#isAsking) this.#ask();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }

  #ask(): void {
    this.#isAsking = true;
    const asked = this.#waiting;
    this.#waiting = [];
    this.#member.barrier(this.#clock.nowMs() + proofMaxMs, (passed) => {
      for (const write of asked) this.#decide(write, passed);
      this.#isAsking = false;
      if (this.#waiting.length > 0) this.#ask();
    });
  }

  #isInDoubt({ command, mayRefuse }: GatedWrite): boolean {
    const { tree } = this.#member;
    const { session, operation } = command;
    if (session !== 0 && tree.session(session) === undefined) return false;
    return tree.isTight(operation) && mayRefuse();
  }

  /** Only what is refused for want of room is refused here: the rest is for the log to tell. */
  #decide(write: GatedWrite, passed: boolean): void {
    const isInDoubt = passed && this.#isInDoubt(write);
    const refused = isInDoubt ? this.#member.tree.foresee(write.command) : undefined;
    if (refused?.code === "QUOTA_EXCEEDED") write.refuse(refused);
    else write.pass();
  }
}
