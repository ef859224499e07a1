import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { ReadOptions } from "../options.ts";
import type { Stat } from "../receipt.ts";
import type { CachedSubtreeOptions } from "./cached-subtree.ts";
import { PersistentNode } from "./persistent-node.ts";
import { hasCode } from "./retry.ts";
import { nameOf, parentOf, type CachedNode } from "./subtree-table.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

/** How to join a group. */
export interface JoinOptions extends WaitOptions {
  /** Name in the group, one component of a path. Default: a random one. */
  readonly name?: string | undefined;
  /** What the others learn: an address, a version. Default: nothing. */
  readonly data?: string | Uint8Array | undefined;
}

/** A member of a group, as others see it. */
export interface GroupMember {
  readonly name: string;
  readonly data: Uint8Array;
  readonly text: string;
  /** Session that it stands and falls with. */
  readonly session: number;
  /** When it came, or came back, by the wall clock of the servers: for people to read. */
  readonly sinceMs: number;
}

/** Who came, changed or went. */
export interface MembershipChange {
  /** `present`: it was there when the iteration began. */
  readonly kind: "present" | "joined" | "changed" | "left";
  /** As it is now; as it was, when it has left. */
  readonly member: GroupMember;
}

/** Who is there: an ephemeral node for each member of a group. Strict and regional zones. */
export class Membership {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.membership`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Joins the group, and is seen by the others when this resolves. A member whose session has ended
   * comes back by itself in the next one, by design: whoever must not may use a lock. The name of a
   * member that is there already is waited for.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; BAD_PATH for a name that is none;
   * DEADLINE when the time was over; the reason of the signal. Then it has not joined.
   */
  async join(options: JoinOptions = {}): Promise<OwnMembership> {
    const { runtime } = this.#context;
    const { name = Buffer.from(runtime.randomBytes(8)).toString("hex"), data = "" } = options;
    if (name === "" || name.includes("/")) throw new MeridianError("BAD_PATH", `name "${name}"`);
    using limit = new WaitLimit(runtime, this.path, options);
    limit.signal.throwIfAborted();
    const node = new PersistentNode(this.#context, `${this.path}/${name}`, data);
    const onAbort = (): void => void node.close();
    limit.signal.addEventListener("abort", onAbort, { once: true });
    try {
      await node.ready;
    } catch (error) {
      limit.signal.throwIfAborted();
      throw error;
    } finally {
      limit.signal.removeEventListener("abort", onAbort);
    }
    return new OwnMembership(name, node);
  }

  /** Who is there, by name. Options as of any read. */
  async members(options: ReadOptions = {}): Promise<readonly GroupMember[]> {
    try {
      const wanted = { ...options, withStats: true, withData: true };
      const { children } = await this.#client.children(this.path, wanted);
      return children.flatMap(({ name, stat, data }) => {
        return stat === undefined || data === undefined ? [] : membersOf(name, data, stat);
      });
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /**
   * Who is there, and then who comes, changes and goes, until it is ended. Options as of
   * `Meridian.cachedSubtree`. A member that came back in a new session has left and joined.
   */
  async *changes(options: CachedSubtreeOptions = {}): AsyncGenerator<MembershipChange, undefined> {
    await using cached = this.#client.cachedSubtree(this.path, options);
    for await (const { kind, path, node, previous } of cached) {
      if (kind === "reset" || parentOf(path) !== this.path) continue;
      const [before] = memberIn(previous);
      const [after] = memberIn(node);
      if (before !== undefined && before.session !== after?.session) {
        yield { kind: "left", member: before };
      }
      if (after === undefined) continue;
      if (kind === "initial") yield { kind: "present", member: after };
      else if (before?.session === after.session) yield { kind: "changed", member: after };
      else yield { kind: "joined", member: after };
    }
    return undefined;
  }
}

/** A membership of our own, until it is left. */
export class OwnMembership implements AsyncDisposable {
  readonly name: string;
  readonly #node: PersistentNode;

  /** Use `Membership.join`. */
  constructor(name: string, node: PersistentNode) {
    this.name = name;
    this.#node = node;
  }

  get path(): string {
    return this.#node.path;
  }

  /** The others see it, as far as is known: not between the end of a session and the next one. */
  get isPresent(): boolean {
    return this.#node.isPresent;
  }

  /** Tells when it comes and when it is known to have gone, until the result is called. */
  onPresence(listener: (isPresent: boolean) => void): () => void {
    return this.#node.onPresence(listener);
  }

  /** Changes what the others learn; see `PersistentNode.setData`. */
  setData(data: string | Uint8Array, options: WaitOptions = {}): Promise<void> {
    return this.#node.setData(data, options);
  }

  /** Leaves the group. Resolves when the others see it, or will at the end of the session. */
  leave(): Promise<void> {
    return this.#node.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}

function memberIn(node: CachedNode | undefined): readonly GroupMember[] {
  return node === undefined ? [] : membersOf(nameOf(node.path), node.data, node.stat);
}

/** What is not ephemeral is no member. */
function membersOf(name: string, data: Uint8Array, stat: Stat): readonly GroupMember[] {
  const { ephemeralOwner: session, ctimeMs: sinceMs } = stat;
  if (session === 0) return [];
  return [{ name, data, text: new TextDecoder().decode(data), session, sinceMs }];
}
