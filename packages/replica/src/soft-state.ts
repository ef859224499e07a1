import type { SoftState, Status } from "@meridian/consensus";

/** What a member that has just started is. `forced`: by a configuration put in force by hand. */
export function softStateOf(status: Status, forced: boolean): SoftState {
  const { role, term, leader, recovering } = status;
  return { role, term, leader, transferring: false, recovering, forced };
}
