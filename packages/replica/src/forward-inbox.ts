import type { Forward, ForwardAnswer } from "@meridian/transport";
import { termOfEpoch } from "./forward-epoch.ts";

/** What became of commands that were offered to a leader. */
export type Intake = "accepted" | "overloaded" | "refused";

/** In place of the next number: nothing of the epoch is taken any more. */
const closed = 0;

/**
 * Leader's side of forwarding: takes the forwards of each member strictly in order. After a refusal
 * nothing of the same epoch is taken any more, so that a session's writes cannot overtake each
 * other (go-back-N).
 *
 * An epoch belongs to the term in which the member began it, and counts in no other. Otherwise this
 * could happen: a member forwards "open session, write 1" to A, over a link that hangs; B leads,
 * takes the same commands from there, and the session is closed; A leads again, the link comes back
 * to life, and A opens the session anew and does write 1 a second time.
 */
export class ForwardInbox {
  readonly #members = new Map<string, { epoch: number; next: number }>();

  /** Offers a forward; `propose` says whether its commands went into the log of `term`. */
  offer(
    from: string,
    forward: Forward,
    term: number,
    propose: (commands: readonly Uint8Array[]) => Intake,
  ): ForwardAnswer {
    const known = this.#members.get(from) ?? { epoch: 0, next: 1 };
    this.#members.set(from, known);
    if (forward.epoch > known.epoch) {
      known.epoch = forward.epoch;
      known.next = termOfEpoch(forward.epoch) === term ? 1 : closed;
    }
    // A refusal names the epoch known here, so that a member that started again, and counts from
    // the term's first epoch, can go past it.
    const refused = { epoch: known.epoch, number: forward.number, accepted: false };
    if (forward.epoch < known.epoch) return { ...refused, overloaded: false };
    const intake = forward.number === known.next ? propose(forward.commands) : "refused";
    known.next = intake === "accepted" ? known.next + 1 : closed;
    if (intake !== "accepted") return { ...refused, overloaded: intake === "overloaded" };
    return { epoch: forward.epoch, number: forward.number, accepted: true, overloaded: false };
  }
}
