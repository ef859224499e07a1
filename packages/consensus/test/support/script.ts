import type { Configuration, Entry, Message, NodeId, Timing, VoterGroup } from "../../src/index.ts";
import { membersOf } from "../../src/index.ts";
import { bytes } from "./codec.ts";
import {
  describeEntry,
  describeMessage,
  describePersist,
  describeReady,
  describeStatus,
} from "./describe.ts";
import { Member } from "./member.ts";

/**
 * Runs a script and gives it back with what the commands put out. Lines that begin with `>` are
 * commands, `#` comments; blank ones stay; all others are output, which the run replaces.
 * `README.md` in the scripts' folder lists the commands.
 */
export function runScript(source: string): string {
  const stage = new Stage();
  const lines: string[] = [];
  for (const line of source.trimEnd().split("\n")) {
    if (line === "" || line.startsWith("#")) lines.push(line);
    if (!line.startsWith(">")) continue;
    lines.push(line, ...stage.run(line.slice(1).trim().split(/\s+/)));
  }
  return `${lines.join("\n")}\n`;
}

/** Limits that a few entries reach. */
const limits = { inflightMax: 3, appendBytesMax: 8, entryBytesMax: 64, uncommittedBytesMax: 1024 };

class Stage {
  readonly #members = new Map<NodeId, Member>();
  readonly #cut = new Set<string>();
  #network: Message[] = [];
  #timing: Timing = {
    electionTicks: 10,
    electionJitterTicks: 0,
    heartbeatTicks: 2,
    leaseTicks: 10,
  };
  #output: string[] = [];

  run([command = "", ...words]: readonly string[]): string[] {
    this.#output = [];
    if (command === "quietly") {
      const lines = this.run(words);
      this.#output = [];
      return lines.filter((line) => line.startsWith("!"));
    }
    const action = this.#actions[command];
    if (action === undefined) return [`! no such command: ${command}`];
    try {
      action(...words);
    } catch (error) {
      this.#output.push(`! ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.#output;
  }

  readonly #actions: Readonly<Record<string, (...words: string[]) => void>> = {
    timing: (...words) => {
      this.#timing = { ...this.#timing, ...parseTiming(words) };
    },
    group: (...words) => this.#group(parseConfiguration(words), words),
    disk: (id = "", term = "", ...terms) => this.#disk(id, Number(term), terms.map(Number)),
    start: (...ids) => this.#each(ids, (_id, member) => member.start()),
    crash: (id = "", kept = "0") => {
      this.#member(id).crash(Number(kept));
      this.#network = this.#network.filter((message) => message.to !== id);
    },
    "lose-log": (id = "") => this.#member(id).disk.loseLog(),
    tick: (id = "", count = "1") => {
      for (let left = Number(count); left > 0; left--) this.#member(id).raft.tick();
    },
    campaign: (id = "", how = "") => {
      this.#member(id).raft.campaign({ byHand: how === "by-hand" });
    },
    propose: (id = "", ...commands) => {
      this.#print(this.#member(id).raft.propose(commands.map((command) => bytes(command))));
    },
    configure: (id = "", ...words) => {
      this.#print(this.#member(id).raft.proposeConfiguration(parseConfiguration(words)));
    },
    read: (id = "", context = "") => this.#member(id).raft.readIndex(Number(context)),
    transfer: (id = "", to = "") => {
      this.#output.push(this.#member(id).raft.transferLeadership(to));
    },
    ready: (...ids) => this.#each(ids, (id, member) => this.#ready(id, member)),
    write: (id = "", count = "1") => this.#write(id, Number(count)),
    deliver: (...words) => this.#deliver(words),
    drop: (...words) => this.#take(words, (message) => this.#say("drop", message)),
    copy: (...words) => {
      this.#take(words, (message) => this.#network.push(message, message));
    },
    stabilize: (...ids) => this.#stabilize(ids),
    cut: (...links) => links.forEach((link) => this.#cutLink(link)),
    heal: () => this.#cut.clear(),
    snapshot: (id = "", keep = "0") => this.#snapshot(id, Number(keep)),
    forget: (id = "", index = "") => this.#member(id).disk.compact(Number(index)),
    report: (id = "", peer = "", result = "") => {
      this.#member(id).raft.reportSnapshot(peer, result === "installed");
    },
    unreachable: (id = "", peer = "") => this.#member(id).raft.reportUnreachable(peer),
    status: (...ids) => {
      this.#each(ids, (_id, member) => this.#output.push(...describeStatus(member.raft.status())));
    },
    log: (...ids) => this.#each(ids, (id, member) => this.#log(id, member)),
    roles: () => this.#each([], (id, member) => this.#role(id, member)),
  };

  #group(configuration: Configuration, words: readonly string[]): void {
    const patience = parsePatience(words);
    for (const id of membersOf(configuration)) {
      const group = configuration.groups.find(({ voters }) => voters.includes(id));
      const electionTicks = patience.get(group?.name ?? "") ?? this.#timing.electionTicks;
      this.#add(id, configuration, { ...this.#timing, electionTicks });
    }
    for (const word of words) {
      if (!word.startsWith("outside=")) continue;
      for (const id of split(word.slice(8))) this.#add(id, configuration, this.#timing);
    }
  }

  #add(id: NodeId, configuration: Configuration, timing: Timing): void {
    const member = new Member(
      { id, configuration, timing, random: () => 0, limits },
      {
        send: (message) => {
          const { from, to } = message;
          const reaches = this.#members.get(to)?.running === true;
          if (reaches && !this.#cut.has(`${from}>${to}`)) this.#network.push(message);
        },
        apply: () => undefined,
        install: ({ index, term }) => this.#output.push(`${id} installs ${index}@${term}`),
        read: () => undefined,
      },
    );
    this.#members.set(id, member);
  }

  /** Before the start: a term, and the terms of the entries in the log. */
  #disk(id: NodeId, term: number, terms: readonly number[]): void {
    const entries: Entry[] = terms.map((entryTerm, at) => ({
      index: at + 1,
      term: entryTerm,
      kind: "command",
      data: bytes(`${at + 1}.${entryTerm}`),
    }));
    const hardState = { term, vote: undefined, commitIndex: 0 };
    this.#member(id).disk.write({ hardState, reset: undefined, entries });
  }

  #ready(id: NodeId, member: Member): boolean {
    if (!member.running) return false;
    const ready = member.collect();
    if (ready === undefined) return false;
    this.#output.push(...describeReady(id, ready));
    return true;
  }

  #write(id: NodeId, count: number): void {
    const member = this.#member(id);
    const waiting = member.writes.slice(0, count);
    for (const write of waiting) {
      this.#output.push(`${id} has written ${describePersist(write)}`);
      for (const message of write.send) this.#say("send", message);
    }
    member.completeWrites(count);
  }

  #deliver(words: readonly string[]): boolean {
    return this.#take(words, (message) => {
      this.#say("deliver", message);
      const member = this.#members.get(message.to);
      if (member?.running === true) member.raft.step(message);
    });
  }

  /**
   * Messages on their way to one of the named, of all that fit `from=` and `type=`, leave the
   * network, oldest first.
   */
  #take(words: readonly string[], use: (message: Message) => void): boolean {
    const to = words.filter((word) => !word.includes("="));
    const rest = words.filter((word) => word.includes("="));
    const taken = this.#network.filter(
      (message) =>
        (to.length === 0 || to.includes(message.to)) && rest.every((word) => fits(message, word)),
    );
    this.#network = this.#network.filter((message) => !taken.includes(message));
    taken.forEach(use);
    return taken.length > 0;
  }

  /** Readies, disks and deliveries until nothing moves; other members stand still. */
  #stabilize(ids: readonly NodeId[]): void {
    const chosen = ids.length > 0 ? ids : [...this.#members.keys()];
    for (let busy = true; busy;) {
      busy = false;
      for (const id of chosen) {
        const member = this.#member(id);
        while (this.#ready(id, member)) busy = true;
        while (member.running && member.writes.length > 0) {
          member.completeWrites(1);
          busy = true;
        }
      }
      for (const id of chosen) busy = this.#deliver([id]) || busy;
    }
  }

  /** `a-b` cuts both ways, `a>b` one; `a-*` everything of a. */
  #cutLink(link: string): void {
    const [from = "", to = ""] = link.split(/[->]/);
    const others = to === "*" ? [...this.#members.keys()] : [to];
    for (const other of others) {
      this.#cut.add(`${from}>${other}`);
      if (!link.includes(">")) this.#cut.add(`${other}>${from}`);
    }
  }

  #snapshot(id: NodeId, keep: number): void {
    const { disk, raft } = this.#member(id);
    const index = raft.status().appliedIndex;
    const term = disk.term(index);
    const configuration = raft.configurationAt(index);
    if (term === undefined || configuration === undefined) throw new Error("nothing to save");
    disk.saveSnapshot({ index, term, configuration }, index - keep);
    this.#output.push(`${id} saves ${index}@${term}, log from ${disk.firstIndex()}`);
  }

  #log(id: NodeId, { disk }: Member): void {
    const end = disk.lastIndex() + 1;
    const entries = disk.firstIndex() < end ? disk.entries(disk.firstIndex(), end, Infinity) : [];
    const mark = disk.snapshot();
    const start = mark === undefined ? "" : ` snapshot ${mark.index}@${mark.term}`;
    this.#output.push(`${id}:${start} ${entries.map(describeEntry).join(", ")}`);
  }

  #role(id: NodeId, member: Member): void {
    if (!member.running) {
      this.#output.push(`${id} is down`);
      return;
    }
    const { role, term, leader, commitIndex } = member.raft.status();
    this.#output.push(
      `${id} is ${role} in ${term}, leader ${leader ?? "-"}, commit ${commitIndex}`,
    );
  }

  #say(verb: string, message: Message): void {
    this.#output.push(`${verb} ${describeMessage(message)}`);
  }

  #print(proposal: { accepted: boolean; index?: number; term?: number; reason?: string }): void {
    const { accepted, index, term, reason } = proposal;
    this.#output.push(accepted ? `accepted from ${index}@${term}` : `refused: ${reason}`);
  }

  #each(ids: readonly NodeId[], use: (id: NodeId, member: Member) => void): void {
    for (const id of ids.length > 0 ? ids : this.#members.keys()) use(id, this.#member(id));
  }

  #member(id: NodeId): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new Error(`no such member: ${id}`);
    return member;
  }
}

function fits(message: Message, word: string): boolean {
  const [key, value] = word.split("=");
  return key === "from" ? message.from === value : message.type === value;
}

/**
 * `a b c`, or `name[:weight][@patience]=a,b ...`; `outgoing:name=`, `learners=`, `witnesses=`,
 * `auto-leave`, `held=`.
 */
function parseConfiguration(words: readonly string[]): Configuration {
  const plain = words.filter((word) => !word.includes("=") && word !== "auto-leave");
  const incoming: VoterGroup[] = [];
  const outgoingGroups: VoterGroup[] = [];
  if (plain.length > 0) incoming.push({ name: "voters", voters: plain, weight: 1 });
  for (const word of words) {
    const [key = "", value] = word.split("=");
    if (value === undefined || ["learners", "witnesses", "outside", "held"].includes(key)) continue;
    const outgoing = key.startsWith("outgoing.");
    const [, name = "", weight = "1"] = /^(?:outgoing\.)?([a-z]+)(?::(\d+))?/.exec(key) ?? [];
    const group = { name, voters: split(value), weight: Number(weight) };
    (outgoing ? outgoingGroups : incoming).push(group);
  }
  const [heldBy] = listOf(words, "held");
  return {
    groups: incoming,
    outgoingGroups,
    learners: listOf(words, "learners"),
    witnesses: listOf(words, "witnesses"),
    autoLeave: words.includes("auto-leave"),
    ...(heldBy === undefined ? {} : { heldBy }),
  };
}

function parsePatience(words: readonly string[]): ReadonlyMap<string, number> {
  const found = words.map((word) => /^([a-z]+)(?::\d+)?@(\d+)=/.exec(word));
  return new Map(found.flatMap((match) => (match === null ? [] : [[match[1]!, Number(match[2])]])));
}

function parseTiming(words: readonly string[]): Partial<Timing> {
  return Object.fromEntries(
    words.map((word) => {
      const [key, value] = word.split("=");
      return [`${key}Ticks`, Number(value)];
    }),
  );
}

function listOf(words: readonly string[], key: string): readonly NodeId[] {
  const word = words.find((candidate) => candidate.startsWith(`${key}=`));
  return word === undefined ? [] : split(word.slice(key.length + 1));
}

function split(list: string): readonly NodeId[] {
  return list.split(",");
}
