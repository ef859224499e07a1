import type { Forward, ForwardAnswer } from "@meridian/transport";

/** What became of commands that were offered to a leader. */
export type Intake = "accepted" | "overloaded" | "refused";

/**
 * Leader's side of forwarding: takes the forwards of each member strictly in order. After a refusal nothing of
 * the same epoch is taken any more, so that a session's writes cannot overtake each other (go-back-N).
 */
export class ForwardInbox {
  readonly #members = new Map<string, { epoch: number; next: number }>();

  /** Offers a forward; `propose` says whether its commands went into the log. */
  offer(
    from: string,
    forward: Forward,
    propose: (commands: readonly Uint8Array[]) => Intake,
  ): ForwardAnswer {
    const known = this.#members.get(from) ?? { epoch: 0, next: 1 };
    this.#members.set(from, known);
    if (forward.epoch > known.epoch) {
      known.epoch = forward.epoch;
      known.next = 1;
    }
    // A refusal names the epoch known here, so that a member whose own count fell behind can go past it.
    const refused = { epoch: known.epoch, number: forward.number, accepted: false };
    if (forward.epoch < known.epoch) return { ...refused, overloaded: false };
    if (forward.number !== known.next) return { ...refused, overloaded: false };
    const intake = propose(forward.commands);
    known.next = intake === "accepted" ? known.next + 1 : -1;
    if (intake !== "accepted") return { ...refused, overloaded: intake === "overloaded" };
    return { epoch: forward.epoch, number: forward.number, accepted: true, overloaded: false };
  }
}
