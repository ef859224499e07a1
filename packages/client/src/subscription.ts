import { MeridianError, type IResponse, type IWatchEvents } from "@meridian/wire";
import type { Link } from "./link.ts";
import { unwatchRequest, type DraftRequest } from "./request.ts";

/** A watch as the lane sees it: started again on every new link, from where it stands. */
export interface Subscription {
  /** Request that starts it on this link. */
  draft(link: Link): DraftRequest;
  /** It runs; what happens after the answer's positions will be reported. */
  onStarted(link: Link, response: IResponse): void;
  onEvents(link: Link, events: IWatchEvents): void;
  /** The server ended it or did not take it. It is no longer subscribed. */
  onRefused(error: MeridianError): void;
  /** Nobody who could serve it can be reached now. */
  onUnreachable(error: MeridianError): void;
}

/** The watches of one lane. */
export class Subscriptions {
  readonly #ids = new Map<Subscription, number>();
  readonly #byId = new Map<number, Subscription>();

  get size(): number {
    return this.#ids.size;
  }

  /** Adds a watch; it starts on the link, if there is one. */
  add(subscription: Subscription, link: Link | undefined): void {
    this.#ids.set(subscription, 0);
    if (link !== undefined) this.#start(subscription, link);
  }

  /** Ends a watch. */
  remove(subscription: Subscription, link: Link | undefined): void {
    const id = this.#ids.get(subscription) ?? 0;
    this.#ids.delete(subscription);
    if (!this.#byId.delete(id) || link === undefined) return;
    const request = unwatchRequest(id);
    request.id = link.nextId();
    link.send(request);
  }

  /** Starts all on a new link. */
  startAll(link: Link): void {
    for (const [subscription, id] of this.#ids) if (id === 0) this.#start(subscription, link);
  }

  /** The link is gone. */
  lost(): void {
    this.#byId.clear();
    for (const subscription of this.#ids.keys()) this.#ids.set(subscription, 0);
  }

  /** Hands an answer to the watch that it is for. */
  onResponse(link: Link, response: IResponse): void {
    const subscription = this.#byId.get(response.id);
    if (subscription === undefined) return;
    if (response.error === undefined) subscription.onStarted(link, response);
    else this.#refuse(subscription, response.id, MeridianError.fromWire(response.error));
  }

  /** Hands events to the watch that they are for. */
  onEvents(link: Link, events: IWatchEvents): void {
    const subscription = this.#byId.get(events.watch);
    if (subscription === undefined) return;
    subscription.onEvents(link, events);
    if (events.error === undefined) return;
    this.#refuse(subscription, events.watch, MeridianError.fromWire(events.error));
  }

  /** Nobody who could serve them can be reached. */
  unreachable(error: MeridianError): void {
    for (const subscription of this.#ids.keys()) subscription.onUnreachable(error);
  }

  #start(subscription: Subscription, link: Link): void {
    const request = subscription.draft(link);
    request.id = link.nextId();
    this.#ids.set(subscription, request.id);
    this.#byId.set(request.id, subscription);
    link.send(request);
  }

  #refuse(subscription: Subscription, id: number, error: MeridianError): void {
    this.#byId.delete(id);
    this.#ids.delete(subscription);
    subscription.onRefused(error);
  }
}
