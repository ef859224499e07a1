import { MeridianError, type IHello, type IWelcome } from "@meridian/wire";
import { Alarm } from "./alarm.ts";
import type { LaneContext, SessionState } from "./lane-context.ts";
import { SessionLedger } from "./ledger.ts";
import type { Link } from "./link.ts";

/** Signs of life are given at least this often. */
const pingMaxMs = 2_000;

/**
 * Keeps the session of a lane: opens it with the first hello, watches its lease on the client's own
 * clock, and knows whether its end is something the caller has to be told, or whether a new one may
 * take its place.
 */
export class SessionKeeper {
  readonly #context: LaneContext;
  readonly #cluster: string;
  readonly #onLapsed: (reason: MeridianError) => void;
  readonly #alarm: Alarm;
  #ledger: SessionLedger;
  #link: Link | undefined;
  #isExpired = false;
  #isDetached = false;
  /** There was another one before. It is told of once the cluster knows the new one. */
  #isRenewal = false;
  /** Incarnation of the cluster in which the session was last known. */
  #incarnation = 0;

  /**
   * `onLapsed` is told when the lease runs out, or the cluster has begun anew without all that the
   * session did; it decides what `expire` or `replace` has to do.
   */
  constructor(context: LaneContext, cluster: string, onLapsed: (reason: MeridianError) => void) {
    this.#context = context;
    this.#cluster = cluster;
    this.#onLapsed = onLapsed;
    this.#alarm = new Alarm(context.runtime, () => this.#onAlarm());
    this.#ledger = this.#newLedger();
  }

  /** The current session. */
  get ledger(): SessionLedger {
    return this.#ledger;
  }

  /** It has ended, and the caller has to say how to go on. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** Another session may take its place unnoticed: it never had ephemeral nodes. */
  get isReplaceable(): boolean {
    return !this.#ledger.ownsEphemerals;
  }

  /** Runtime clock: until when the session lives for certain. */
  get leaseEndsAtMs(): number {
    if (this.#isExpired) return -Infinity;
    if (this.#link !== undefined) this.#ledger.confirmed(this.#link.confirmedAtMs);
    return this.#ledger.expiresAtMs;
  }

  /** How often to give a sign of life. */
  get pingIntervalMs(): number {
    return Math.min(this.#ledger.timeoutMs / 3, pingMaxMs);
  }

  /** First words of a stream. */
  hello(): IHello {
    const hello = this.#ledger.hello(this.#context.runtime.nowMs());
    this.#alarm.setNoLaterThan(this.#ledger.expiresAtMs);
    return hello;
  }

  /** A node took the session. */
  onWelcome(link: Link, welcome: IWelcome): void {
    const wasOpen = this.#ledger.isOpen;
    const isElsewhere = wasOpen && welcome.incarnation !== this.#incarnation;
    this.#incarnation = welcome.incarnation;
    if (isElsewhere && !this.isReplaceable) {
      // By an operator's hand acknowledged history was abandoned, and the session's ephemeral
      // nodes perhaps with it: then it lives on, and others hold its locks.
      this.#onLapsed(sessionExpired(this.#cluster, "its cluster began a new incarnation"));
      return;
    }
    this.#link = link;
    this.#ledger.welcomed(welcome);
    link.pingIntervalMs = this.pingIntervalMs;
    this.#alarm.setNoLaterThan(this.leaseEndsAtMs);
    if (!wasOpen && this.#isRenewal) this.#tell("renewed");
    this.#isRenewal = false;
    if (!wasOpen) this.#tell("opened");
    else if (this.#isDetached) this.#tell("attached");
    this.#isDetached = false;
  }

  /**
   * The link that carried the session is gone: lost, or on purpose, which is nothing to tell of.
   */
  onLost(link: Link, isOnPurpose: boolean): void {
    this.#ledger.confirmed(link.confirmedAtMs);
    if (this.#link === undefined) return;
    this.#link = undefined;
    if (!this.#ledger.isOpen || this.#isExpired || isOnPurpose) return;
    this.#isDetached = true;
    this.#tell("detached");
  }

  /** The session has ended, and nothing takes its place until `renew`. */
  expire(): void {
    this.#isExpired = true;
    this.#alarm.clear();
    this.#tell("expired");
  }

  /** The session has ended, and a new one takes its place at once. */
  replace(): void {
    if (this.#ledger.isOpen) this.#tell("expired");
    this.#start();
  }

  /** After `expire`: the caller wants to go on. */
  renew(): void {
    if (!this.#isExpired) return;
    this.#start();
  }

  /** The client is closed. */
  close(): void {
    this.#alarm.clear();
    this.#tell("closed");
  }

  #start(): void {
    this.#alarm.clear();
    this.#isRenewal ||= this.#ledger.isOpen;
    this.#isExpired = false;
    this.#isDetached = false;
    this.#link = undefined;
    this.#ledger = this.#newLedger();
  }

  #newLedger(): SessionLedger {
    const { runtime, region, limits } = this.#context;
    return new SessionLedger(runtime, region, limits.sessionTimeoutMs);
  }

  #onAlarm(): void {
    const { runtime } = this.#context;
    // After a pause of this process answers may be waiting that show how long the session lives.
    runtime.defer(() =>
      runtime.defer(() => {
        if (this.#isExpired) return;
        const endsAtMs = this.leaseEndsAtMs;
        if (runtime.nowMs() < endsAtMs) this.#alarm.setNoLaterThan(endsAtMs);
        else this.#onLapsed(sessionExpired(this.#cluster, "no server confirmed it in time"));
      }),
    );
  }

  #tell(state: SessionState): void {
    this.#context.onSession(this.#cluster, state, this.#ledger.id);
  }
}

/** What operations of an expired session fail with. */
export function sessionExpired(cluster: string, why: string): MeridianError {
  return new MeridianError(
    "SESSION_EXPIRED",
    `the session with ${cluster} has expired (${why}); its ephemeral nodes and locks are gone; ` +
      "call renew() to go on with a new one",
  );
}

const noSecret = new Uint8Array(0);

/** What a link says that carries no session. */
export function strangersHello(region: string): IHello {
  return { sessionId: 0, secret: noSecret, timeoutMs: 0, create: false, region, attachment: 0 };
}
