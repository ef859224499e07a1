import { globalCluster, type Tree, validatePath } from "@meridian/tree";
import {
  Consistency,
  type Encodable,
  type IChildren,
  type INode,
  type IPosition,
  type IRequest,
  type IResponse,
} from "@meridian/wire";
import { encodeStat } from "./change-codec.ts";
import type { Clock } from "./clock.ts";
import type { Member } from "./member.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { planRead, type ReadPlan } from "./read-plan.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";

/** Receives the answer of a read, without its id. */
export type Respond = (response: Encodable<IResponse>) => void;

/** A page of children holds at most this many names, and about this much data. */
const childrenMax = 10_000;
const childrenBytesMax = 2 * 1024 * 1024;
const stalenessMaxMs = 2 ** 32 - 1;

type Serve = Extract<ReadPlan, { kind: "serve" }>;

/**
 * Answers reads from the tree of a node: waits where the consistency or a token asks for it, and
 * states staleness.
 */
export class Reads {
  readonly #member: Member;
  readonly #clock: Clock;
  readonly #waiters = new PositionWaiters();

  constructor(member: Member, clock: Clock) {
    this.#member = member;
    this.#clock = clock;
  }

  /** Answers a get, exists, children or sync, now or later. */
  execute(request: IRequest, deadlineAtMs: number, respond: Respond): void {
    const path = pathOf(request);
    const fault = validatePath(path);
    if (fault !== undefined) return refuse(respond, { code: "BAD_PATH", message: fault });
    const plan = this.#plan(path, request);
    if (this.#isSettled(plan)) return this.#follow(plan, request, deadlineAtMs, respond);
    // Without a leader for long, waiting for the deadline would help nobody.
    if (!this.#member.serving) return refuse(respond, this.#unconfirmed());
    this.#member.barrier(deadlineAtMs, (passed) => {
      // Only now it is known who owns the path: this node may have been behind, or just started.
      if (passed) this.#follow(this.#plan(path, request), request, deadlineAtMs, respond);
      else refuse(respond, this.#unconfirmed());
    });
  }

  /** Tells that the tree moved on: reads that wait for a position may go. */
  settle(): void {
    const { tree, place } = this.#member;
    this.#waiters.settle(place.cluster, tree.appliedIndex);
    for (const [cluster, cursor] of tree.cursors()) {
      this.#waiters.settle(cluster, this.#member.reach(cursor));
    }
  }

  /** Gives up reads whose deadline has passed. */
  expire(nowMs: number): void {
    this.#waiters.expire(nowMs);
  }

  #plan(path: string, request: IRequest): ReadPlan {
    const { place, tree } = this.#member;
    const ownership = tree.ownership(path);
    return planRead(place, ownership, askedBy(request, ownership.cluster === undefined));
  }

  /**
   * Whether a plan holds as it is. Who sends a caller away has to know the zones: with those of an
   * older state two clusters may each name the other. An edge has nobody to confirm them.
   */
  #isSettled(plan: ReadPlan): boolean {
    return plan.kind === "serve" ? !plan.barrier : this.#member.place.tier === "edge";
  }

  #follow(plan: ReadPlan, request: IRequest, deadlineAtMs: number, respond: Respond): void {
    if (plan.kind === "refuse") refuse(respond, plan.refusal);
    else this.#awaitPositions(request, plan, deadlineAtMs, respond);
  }

  #unconfirmed(): Refusal {
    const { place } = this.#member;
    const code = place.tier === "global" ? "GLOBAL_UNAVAILABLE" : "REGION_UNAVAILABLE";
    const message = `no quorum of cluster ${place.cluster} confirmed the read in time`;
    return { code, message };
  }

  /** Calls back once the node has reached what a token says of a path, or with why it cannot. */
  reach(
    path: string,
    after: readonly IPosition[],
    deadlineAtMs: number,
    done: (refusal: Refusal | undefined) => void,
  ): void {
    const { cluster: owner } = this.#member.tree.ownership(path);
    const concerns = (cluster: string): boolean =>
      owner === undefined ? cluster !== globalCluster : cluster === owner;
    this.#await(after, concerns, deadlineAtMs, done);
  }

  #awaitPositions(request: IRequest, plan: Serve, deadlineAtMs: number, respond: Respond): void {
    // What the token says of clusters that this read does not touch cannot hold it up.
    const concerns = (cluster: string): boolean =>
      plan.eventual ? cluster !== globalCluster : cluster === plan.ageOf;
    this.#await(request.after, concerns, deadlineAtMs, (refusal) => {
      if (refusal === undefined) this.#answer(request, plan, respond);
      else refuse(respond, refusal);
    });
  }

  #await(
    after: readonly IPosition[],
    concerns: (cluster: string) => boolean,
    deadlineAtMs: number,
    done: (refusal: Refusal | undefined) => void,
  ): void {
    for (const position of after) {
      if (!concerns(position.cluster)) continue;
      const reached = this.#reached(position);
      if (reached === "forked") {
        const { cluster, incarnation } = position;
        const message = `the token names incarnation ${incarnation} of ${cluster}, now abandoned`;
        return done({ code: "CAUSALITY_LOST", message });
      }
      if (reached === "behind") {
        return this.#waiters.wait(position.cluster, position.index, deadlineAtMs, (arrived) => {
          if (arrived) this.#await(after, concerns, deadlineAtMs, done);
          else done(behind(this.#member.place.node, position));
        });
      }
    }
    done(undefined);
  }

  #reached(position: IPosition): "yes" | "behind" | "forked" {
    const { tree, place, incarnation } = this.#member;
    if (position.cluster === place.cluster) {
      if (position.incarnation < incarnation) return "forked";
      const reached = position.incarnation === incarnation && tree.appliedIndex >= position.index;
      return reached ? "yes" : "behind";
    }
    const cursor = tree.cursors().get(position.cluster);
    if (cursor === undefined) {
      // A cluster that is not mirrored here has nothing to do with what can be read here.
      return place.tier === "global" ? "yes" : "behind";
    }
    if (cursor.incarnation > position.incarnation) return "forked";
    const isReached =
      cursor.incarnation === position.incarnation && this.#member.reach(cursor) >= position.index;
    return isReached ? "yes" : "behind";
  }

  #answer(request: IRequest, plan: Serve, respond: Respond): void {
    const { tree, place } = this.#member;
    const foreign = plan.ageOf !== place.cluster;
    const ageMs = this.#ageMs(plan);
    if (foreign && !tree.cursors().has(plan.ageOf)) {
      const message = `${place.node} does not have the data of ${plan.ageOf} yet`;
      return refuse(respond, { code: "STALE", message, hint: plan.ageOf });
    }
    if (request.maxStalenessMs > 0 && ageMs > request.maxStalenessMs) {
      const found = Number.isFinite(ageMs) ? `${Math.ceil(ageMs)} ms old` : "of unknown age";
      const asked = `data at most ${request.maxStalenessMs} ms old was asked for`;
      const message = `${asked}, ${place.node} has data ${found}`;
      return refuse(respond, { code: "STALE", message, hint: plan.ageOf });
    }
    respond({
      ...read(tree, request),
      index: tree.appliedIndex,
      positions: foreign || plan.eventual ? positionsOf(tree, plan) : [],
      consistency: plan.delivered,
      stalenessMs: Math.min(Math.ceil(ageMs), stalenessMaxMs),
    });
  }

  /**
   * Upper bound of the age of what an answer shows. In eventual zones every region writes, so that
   * it is as old as the oldest region's part of it.
   */
  #ageMs({ barrier, eventual, ageOf }: Serve): number {
    const { tree, place } = this.#member;
    const ageMs = barrier ? 0 : this.#member.ageMs(ageOf);
    if (!eventual) return ageMs;
    const others = tree.regions.filter((region) => region !== place.cluster);
    return Math.max(ageMs, ...others.map((region) => this.#member.ageMs(region)));
  }

  /** Milliseconds of the monotonic clock at which a request's time is over. */
  deadlineAtMs(request: IRequest, defaultMs: number): number {
    return this.#clock.nowMs() + (request.deadlineMs === 0 ? defaultMs : request.deadlineMs);
  }
}

/** A sync wants the freshest that there is: in eventual zones that is the region's own. */
function askedBy({ sync, consistency }: IRequest, eventual: boolean): number {
  if (sync === undefined) return consistency;
  return eventual ? Consistency.REGIONAL : Consistency.STRICT;
}

function pathOf(request: IRequest): string {
  return (request.get ?? request.exists ?? request.children ?? request.sync)?.path ?? "";
}

function refuse(respond: Respond, refusal: Refusal): void {
  respond({ error: encodeRefusal(refusal) });
}

function behind(node: string, position: IPosition): Refusal {
  const { cluster, index } = position;
  return {
    code: "STALE",
    message: `${node} has not reached position ${index} of ${cluster} before the deadline`,
    hint: cluster,
  };
}

function positionsOf(tree: Tree, plan: Serve): readonly IPosition[] {
  if (plan.eventual) return [...tree.cursors().values()];
  const cursor = tree.cursors().get(plan.ageOf);
  return cursor === undefined ? [] : [cursor];
}

function read(tree: Tree, request: IRequest): Encodable<IResponse> {
  if (request.get !== undefined) {
    const found = tree.get(request.get.path);
    if (found === undefined) return noNode(request.get.path);
    const { data, stat } = found;
    return { node: { path: request.get.path, data, stat: encodeStat(stat) } };
  }
  if (request.exists !== undefined) {
    const stat = tree.stat(request.exists.path);
    return { exists: stat === undefined ? {} : { stat: encodeStat(stat) } };
  }
  return request.children === undefined ? {} : readChildren(tree, request.children);
}

function readChildren(tree: Tree, request: IChildren): Encodable<IResponse> {
  const { path, after, withStats, withData } = request;
  const limit = Math.min(request.limit === 0 ? childrenMax : request.limit, childrenMax);
  const stat = tree.stat(path);
  const page = tree.children(path, { after, limit });
  if (stat === undefined || page === undefined) return noNode(path);
  const children: Encodable<INode>[] = [];
  let bytes = 0;
  for (const name of page.names) {
    if (bytes > childrenBytesMax) break;
    bytes += 16 + 3 * name.length;
    if (!withStats && !withData) {
      children.push({ path: name });
      continue;
    }
    const child = tree.get(path === "/" ? `/${name}` : `${path}/${name}`);
    if (child === undefined) continue;
    bytes += 128 + (withData ? child.data.byteLength : 0);
    const data = withData ? { data: child.data } : {};
    children.push({ path: name, stat: encodeStat(child.stat), ...data });
  }
  const more = page.more || children.length < page.names.length;
  return { children: { children, stat: encodeStat(stat), more } };
}

function noNode(path: string): Encodable<IResponse> {
  return { error: encodeRefusal({ code: "NO_NODE", message: `there is no node ${path}` }) };
}
