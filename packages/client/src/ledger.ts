import type { IHello, IWelcome } from "@meridian/wire";
import type { Pending } from "./pending.ts";
import { makesEphemeral } from "./request.ts";
import type { Runtime } from "./runtime.ts";

const secretBytes = 16;
/** The client calls its session expired when only this part of the timeout is left. */
const marginShare = 0.1;
const marginMinMs = 100;

/**
 * One session with one cluster: its identity, the numbers of its writes, and how long it is certain
 * to live. Numbers are given when a write is first sent, so that a write without a number is
 * certain not to have happened.
 */
export class SessionLedger {
  readonly id: number;
  /** It may own ephemeral nodes, so that its end is something that the caller has to know of. */
  ownsEphemerals = false;
  readonly #secret: Uint8Array;
  readonly #region: string;
  #timeoutMs: number;
  #isOpen = false;
  #leaseFromMs = Infinity;
  #lastSequence = 0;
  /** Streams that said hello for it. */
  #attachments = 0;
  /** Numbered writes in order; those before `#firstOpen` are answered. */
  #numbered: Pending[] = [];
  #firstOpen = 0;

  constructor(runtime: Runtime, region: string, timeoutMs: number) {
    this.id = drawSessionId(runtime);
    this.#secret = runtime.randomBytes(secretBytes);
    this.#region = region;
    this.#timeoutMs = timeoutMs;
  }

  /** As granted, or as asked for while nothing is granted yet. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** The cluster knows the session. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** It has been said hello for at least once. */
  get wasOffered(): boolean {
    return this.#leaseFromMs !== Infinity;
  }

  /** First words of a stream. Once the session was welcomed it must exist: it is not made anew. */
  hello(nowMs: number): IHello {
    if (!this.wasOffered) this.#leaseFromMs = nowMs;
    this.#attachments += 1;
    return {
      sessionId: this.id,
      secret: this.#secret,
      timeoutMs: this.#timeoutMs,
      create: !this.#isOpen,
      region: this.#region,
      attachment: this.#attachments,
    };
  }

  /** The cluster took the session. */
  welcomed(welcome: IWelcome): void {
    this.#isOpen = true;
    if (welcome.timeoutMs > 0) this.#timeoutMs = welcome.timeoutMs;
  }

  /** The servers had a sign of life that was given at this time. */
  confirmed(sentAtMs: number): void {
    if (sentAtMs > this.#leaseFromMs) this.#leaseFromMs = sentAtMs;
  }

  /** When the client has to call it expired: a margin before the servers may. */
  get expiresAtMs(): number {
    const marginMs = Math.max(marginMinMs, this.#timeoutMs * marginShare);
    return this.#leaseFromMs + Math.max(this.#timeoutMs - marginMs, this.#timeoutMs / 2);
  }

  /** Gives a write its number, before it is sent for the first time. */
  number(pending: Pending): void {
    this.#lastSequence += 1;
    pending.sequence = this.#lastSequence;
    this.#numbered.push(pending);
    if (makesEphemeral(pending.request)) this.ownsEphemerals = true;
  }

  /** A numbered write has its answer. */
  answered(pending: Pending): void {
    pending.isAnswered = true;
    while (this.#numbered[this.#firstOpen]?.isAnswered === true) this.#firstOpen += 1;
    if (this.#firstOpen < 1_024 || this.#firstOpen * 2 < this.#numbered.length) return;
    this.#numbered = this.#numbered.slice(this.#firstOpen);
    this.#firstOpen = 0;
  }

  /** Highest number up to which every answer has arrived. */
  get acknowledged(): number {
    const open = this.#numbered[this.#firstOpen];
    return open === undefined ? this.#lastSequence : open.sequence - 1;
  }
}

/** A number in [1, 2^52]. */
function drawSessionId(runtime: Runtime): number {
  const bytes = runtime.randomBytes(7);
  // 4 + 6 * 8 = 52 bits; one byte more would not fit a safe integer.
  let id = (bytes[0] ?? 0) % 16;
  for (const byte of bytes.subarray(1)) id = id * 256 + byte;
  return id + 1;
}
