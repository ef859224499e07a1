import type { Message, NodeId, TraceEvent } from "../../src/index.ts";
import { majority } from "../../src/index.ts";
import { bytes } from "./codec.ts";
import { Member } from "./member.ts";
import { seeded } from "./random.ts";
import { entry } from "./solo.ts";

const timing = { electionTicks: 6, electionJitterTicks: 6, heartbeatTicks: 2, leaseTicks: 6 };

/** Messages that the specification does not know. */
const untraced = new Set(["pre-vote", "pre-vote-answer", "timeout-now"]);

/**
 * What a group goes through under loss and disorder. Left out, as if lost, is what the
 * specification has no rule for: terms learnt from messages that it does not know, and votes asked
 * of followers that have a leader in that term.
 */
export function traceOf(seed: number, voters: readonly NodeId[], steps: number): TraceEvent[] {
  const random = seeded(seed);
  const events: TraceEvent[] = [];
  let flights: Message[] = [];
  const members = voters.map((id, at) => {
    const member = new Member(
      {
        id,
        configuration: majority(voters),
        timing,
        random: seeded(seed * 31 + at),
        trace: (event) => events.push(event),
      },
      {
        send: (message) => flights.push(message),
        apply: () => undefined,
        install: () => undefined,
        read: () => undefined,
      },
    );
    // The specification begins with a committed entry: before it, heartbeats commit nothing.
    const hardState = { term: 1, vote: undefined, commitIndex: 1 };
    member.disk.write({ hardState, reset: undefined, entries: [entry(1, 1)] });
    member.start();
    return member;
  });
  const settle = (member: Member): void => {
    while (member.collect() !== undefined || member.writes.length > 0) member.completeWrites(1);
  };
  const loss = random() * 0.3;
  for (let step = 0; step < steps; step++) {
    const member = members[Math.floor(random() * members.length)]!;
    const { id, term, leader } = member.raft.status();
    const choice = random();
    if (choice < 0.3) member.raft.tick();
    else if (choice < 0.4) member.raft.propose([bytes(`${step}`), bytes("more")]);
    else {
      const mine = flights.filter((message) => message.to === id);
      const message = mine[Math.floor(random() * mine.length)];
      flights = flights.filter((other) => other !== message);
      if (message === undefined || random() < loss) continue;
      if (untraced.has(message.type) && message.term > term + 1) continue;
      if (message.type === "pre-vote-answer" && message.reject && message.term > term) continue;
      if (message.type === "vote" && message.term === term && leader !== undefined) continue;
      member.raft.step(message);
    }
    settle(member);
  }
  return events;
}
