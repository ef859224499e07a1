import type * as Source from "../../src/index.ts";
import type { Message, NodeId } from "../../src/index.ts";
import { isJoint } from "../../src/index.ts";
import { describeMessage } from "../support/describe.ts";
import type { Memory } from "./claims.ts";
import { Refuted, remember } from "./claims.ts";
import type { Input, Outcome, Picture } from "./member-states.ts";
import { MemberStates } from "./member-states.ts";
import { Messages } from "./messages.ts";
import type { Scope } from "./scope.ts";

/** What an exploration found. */
export interface Finding {
  /** States of the whole group that were visited. */
  readonly states: number;
  readonly steps: number;
  /** States of single members: how often the code had to be run. */
  readonly memberStates: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** Every run within the scope was followed to its end. */
  readonly complete: boolean;
  /**
   * Commands, leaders and the like that runs got to: what an exploration that reached nothing
   * lacks.
   */
  readonly reached: Reached;
  /** The shortest run that refutes a claim, one step a line, then the claim. */
  readonly counterexample: readonly string[] | undefined;
}

/** The farthest that any run got. */
interface Reached {
  readonly term: number;
  readonly committed: number;
  readonly leaders: number;
  /** Somebody was in a joint configuration. */
  readonly joint: boolean;
}

/** What may still happen. */
interface Budgets {
  readonly commandsLeft: number;
  readonly crashesLeft: number;
  readonly campaignsLeft: number;
  readonly lossesLeft: number;
  readonly beatsLeft: number;
}

/** One state of the whole group; numbers stand for what the tables hold. */
interface State extends Budgets {
  readonly locals: readonly number[];
  readonly memory: number;
  readonly changesDone: number;
  /** On their way, ascending. */
  readonly messages: readonly number[];
}

interface Move {
  readonly member: number;
  readonly input: Input;
  /** Names the input in tables. */
  readonly key: string;
}

/**
 * Visits every state that a group can get into within a scope, nearest first, and checks each step.
 * Messages may be delivered in any order, late, or never.
 */
export class Explorer {
  readonly #scope: Scope;
  readonly #messages = new Messages();
  readonly #members: readonly MemberStates[];
  readonly #memories: Memory[] = [];
  readonly #memoryNumbers = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  /** Packed states in the order of their discovery, which is also the queue. */
  readonly #queue: string[] = [];
  readonly #parents: number[] = [];
  #steps = 0;
  #reached: Reached = { term: 0, committed: 0, leaders: 0, joint: false };

  constructor(source: typeof Source, scope: Scope) {
    this.#scope = scope;
    this.#members = scope.members.map((id) => new MemberStates(source, scope, this.#messages, id));
    this.#discover(
      {
        locals: scope.members.map(() => 0),
        memory: this.#memory({ leaders: [], committed: [] }),
        commandsLeft: scope.commandsMax,
        crashesLeft: scope.crashesMax,
        campaignsLeft: scope.campaignsMax,
        lossesLeft: scope.lossesMax,
        beatsLeft: scope.beatsMax,
        changesDone: 0,
        messages: [],
      },
      -1,
    );
  }

  /** Goes on until everything is visited, a claim is refuted, or there are so many states. */
  explore(statesMax: number): Finding {
    let at = 0;
    for (; at < this.#queue.length && this.#queue.length < statesMax; at++) {
      const state = this.#unpack(this.#queue[at]!);
      for (const move of this.#moves(state)) {
        try {
          const next = this.#follow(state, move);
          if (next !== undefined) this.#discover(next, at);
        } catch (error) {
          if (!(error instanceof Refuted)) throw error;
          return this.#finding(at, [...this.#story(at), this.#tell(move), error.message]);
        }
      }
    }
    return this.#finding(at, undefined);
  }

  /**
   * Goes so many ways by chance, each from the beginning until nothing is left to happen, for
   * scopes that are too large to visit. Mostly messages arrive and writes are done.
   */
  wander(ways: number, random: () => number): Finding {
    for (let way = 0; way < ways; way++) {
      let state = this.#unpack(this.#queue[0]!);
      const story: string[] = [];
      for (let moves = this.#moves(state); moves.length > 0; moves = this.#moves(state)) {
        const usual = moves.filter(({ input }) => ["deliver", "write"].includes(input.kind));
        const choice = usual.length > 0 && random() < 0.9 ? usual : moves;
        const move = choice[Math.floor(random() * choice.length)]!;
        story.push(this.#tell(move));
        try {
          state = this.#follow(state, move) ?? without(state, move);
        } catch (error) {
          if (!(error instanceof Refuted)) throw error;
          return this.#finding(0, [...story, error.message]);
        }
        if (story.length > stepsMax) break;
      }
    }
    return this.#finding(0, undefined);
  }

  #finding(at: number, counterexample: readonly string[] | undefined): Finding {
    return {
      states: this.#queue.length,
      steps: this.#steps,
      memberStates: this.#members.reduce((sum, { count }) => sum + count, 0),
      depth: this.#pathTo(Math.min(at, this.#queue.length - 1)).length,
      complete: counterexample === undefined && at === this.#queue.length,
      reached: this.#reached,
      counterexample,
    };
  }

  #moves(state: State): Move[] {
    const moves: Move[] = [];
    for (const message of state.messages) {
      const member = this.#scope.members.indexOf(this.#messages.at(message).to);
      moves.push({ member, input: { kind: "deliver", message }, key: `${message}` });
    }
    state.locals.forEach((local, member) => {
      const { role, term, configuration, writing } = this.#members[member]!.picture(local);
      if (role === "leader") {
        if (state.commandsLeft > 0) moves.push(plain(member, "command"));
        if (state.beatsLeft > 0) moves.push(plain(member, "beat"));
        const change = this.#scope.changes[state.changesDone];
        if (change !== undefined && configuration.outgoingGroups.length === 0) {
          const input = { kind: "change", configuration: change } as const;
          moves.push({ member, input, key: `change ${state.changesDone}` });
        }
      } else if (state.campaignsLeft > 0 && this.#mayCampaign(member, term)) {
        moves.push(plain(member, "campaign"));
      }
      if (writing > 0) moves.push(plain(member, "write"));
      if (state.crashesLeft > 0) moves.push(plain(member, "crash"));
      if (state.lossesLeft > 0) moves.push(plain(member, "loss"));
    });
    return moves;
  }

  #mayCampaign(member: number, term: number): boolean {
    const { termMax, members, campaigners = members } = this.#scope;
    return term < termMax && campaigners.includes(members[member]!);
  }

  /** Where a move leads; undefined: nowhere. */
  #follow(state: State, { member, input, key }: Move): State | undefined {
    this.#steps += 1;
    const states = this.#members[member]!;
    const local = state.locals[member]!;
    const outcome = states.step(local, input, key);
    const idle = outcome.next === local && outcome.sent.length === 0;
    if (idle && outcome.applied.length === 0 && outcome.failure === undefined) return undefined;
    const locals = state.locals.with(member, outcome.next);
    const memory = this.#check(state, locals, member, outcome);
    const pictures = locals.map((next, at) => this.#members[at]!.picture(next));
    const messages = this.#travelling(state, input, outcome.sent, pictures);
    const { kind } = input;
    return {
      locals,
      memory,
      commandsLeft: state.commandsLeft - (kind === "command" ? 1 : 0),
      crashesLeft: state.crashesLeft - (kind === "crash" ? 1 : 0),
      campaignsLeft: state.campaignsLeft - (kind === "campaign" ? 1 : 0),
      lossesLeft: state.lossesLeft - (kind === "loss" ? 1 : 0),
      beatsLeft: state.beatsLeft - (kind === "beat" ? 1 : 0),
      changesDone: state.changesDone + (kind === "change" ? 1 : 0),
      messages,
    };
  }

  #check(state: State, locals: readonly number[], member: number, outcome: Outcome): number {
    const pictures = new Map<NodeId, Picture>();
    locals.forEach((local, at) => {
      const { id } = this.#members[at]!;
      pictures.set(id, this.#members[at]!.picture(local));
    });
    const { id } = this.#members[member]!;
    if (!this.#reached.joint && isJoint(pictures.get(id)!.configuration)) {
      this.#reached = { ...this.#reached, joint: true };
    }
    const before = this.#members[member]!.picture(state.locals[member]!);
    const memory = this.#memories[state.memory]!;
    const after = remember(memory, { id, before, outcome, pictures });
    return after === memory ? state.memory : this.#memory(after);
  }

  /** What is on its way after a step. What can make no difference any more is taken for lost. */
  #travelling(
    state: State,
    input: Input,
    sent: readonly number[],
    pictures: readonly Picture[],
  ): readonly number[] {
    const all = new Set(state.messages);
    if (input.kind === "deliver" && !this.#scope.repeats) all.delete(input.message);
    for (const message of sent) all.add(message);
    const { members } = this.#scope;
    return [...all]
      .filter((number) => {
        const message = this.#messages.at(number);
        return counts(message, pictures[members.indexOf(message.to)]!);
      })
      .toSorted((a, b) => a - b);
  }

  #memory(memory: Memory): number {
    const key = JSON.stringify(memory);
    const known = this.#memoryNumbers.get(key);
    if (known !== undefined) return known;
    this.#memoryNumbers.set(key, this.#memories.length);
    this.#memories.push(memory);
    const { leaders, committed } = memory;
    const was = this.#reached;
    this.#reached = {
      ...was,
      term: Math.max(was.term, leaders.length - 1),
      committed: Math.max(was.committed, committed.length),
      leaders: Math.max(was.leaders, leaders.filter((leader) => leader !== "").length),
    };
    return this.#memories.length - 1;
  }

  #discover(state: State, parent: number): void {
    const key = pack(state);
    if (this.#numbers.has(key)) return;
    this.#numbers.set(key, this.#queue.length);
    this.#queue.push(key);
    this.#parents.push(parent);
  }

  #unpack(key: string): State {
    const codes = Array.from(key, (_, at) => key.charCodeAt(at));
    const count = this.#members.length;
    const [memory = 0, ...rest] = codes.slice(count, count + budgets);
    const [commandsLeft = 0, crashesLeft = 0, campaignsLeft = 0, lossesLeft = 0] = rest;
    const [beatsLeft = 0, changesDone = 0] = rest.slice(4);
    const messages = codes.slice(count + budgets);
    const locals = codes.slice(0, count);
    const left = { commandsLeft, crashesLeft, campaignsLeft, lossesLeft, beatsLeft };
    return { locals, memory, ...left, changesDone, messages };
  }

  /** Numbers of the states on the way to one, itself included. */
  #pathTo(number: number): number[] {
    const path: number[] = [];
    for (let at = number; at >= 0; at = this.#parents[at]!) path.unshift(at);
    return path;
  }

  /** Which moves led to a state, found again by trying. */
  #story(number: number): string[] {
    const path = this.#pathTo(number);
    return path.slice(1).map((to, at) => {
      const state = this.#unpack(this.#queue[path[at]!]!);
      const next = this.#unpack(this.#queue[to]!);
      const move = this.#moves(state).find((candidate) => this.#leads(state, candidate, next));
      return move === undefined ? "?" : this.#tell(move);
    });
  }

  #leads(state: State, { member, input, key }: Move, next: State): boolean {
    const outcome = this.#members[member]!.step(state.locals[member]!, input, key);
    const locals = state.locals.with(member, outcome.next);
    const pictures = locals.map((local, at) => this.#members[at]!.picture(local));
    const messages = this.#travelling(state, input, outcome.sent, pictures);
    const spent = (left: keyof Budgets, kind: Input["kind"]): boolean =>
      state[left] - next[left] === (input.kind === kind ? 1 : 0);
    return (
      locals.join() === next.locals.join() &&
      messages.join() === next.messages.join() &&
      spent("commandsLeft", "command") &&
      spent("crashesLeft", "crash") &&
      spent("lossesLeft", "loss") &&
      spent("beatsLeft", "beat")
    );
  }

  #tell({ member, input }: Move): string {
    if (input.kind === "deliver") return describeMessage(this.#messages.at(input.message));
    return `${this.#scope.members[member]} ${input.kind}`;
  }
}

/** Of one way: there is always something to repeat. */
const stepsMax = 500;

/** What did nothing has happened; a message is gone. */
function without(state: State, { input }: Move): State {
  if (input.kind !== "deliver") return state;
  return { ...state, messages: state.messages.filter((message) => message !== input.message) };
}

function plain(member: number, kind: Exclude<Input["kind"], "deliver" | "change">): Move {
  return { member, input: { kind }, key: kind };
}

/** Numbers of a packed state between those of members and of messages. */
const budgets = 7;

function pack(state: State): string {
  const { locals, memory, commandsLeft, crashesLeft, campaignsLeft, lossesLeft } = state;
  const left = [commandsLeft, crashesLeft, campaignsLeft, lossesLeft];
  const numbers = [memory, ...left, state.beatsLeft, state.changesDone];
  return String.fromCharCode(...locals, ...numbers, ...state.messages);
}

/** Whether a message can still do something; answers to those who no longer ask cannot. */
function counts({ type, term }: Message, receiver: Picture): boolean {
  const { role } = receiver;
  if (term !== receiver.term) return term > receiver.term;
  if (type === "vote-answer") return role === "candidate";
  if (type === "append-answer" || type === "recover") return role === "leader";
  return type === "vote" || role !== "leader";
}
