import { GroupMember, type GroupMemberOptions } from "@meridian/replica";
import type { Services } from "@meridian/transport";

/**
 * A voter or witness of the global tier: one Raft group over hierarchical quorums that owns the
 * strict zones. A witness votes and keeps the log;
 * it serves no client, applies nothing, and hands leadership over when it had to win an election.
 */
export class GlobalMember {
  readonly member: GroupMember;

  constructor(options: GroupMemberOptions) {
    this.member = new GroupMember(options);
  }

  get ready(): boolean {
    return this.member.ready;
  }

  services(): Services {
    return this.member.services();
  }

  stop(): void {
    this.member.stop();
  }
}
