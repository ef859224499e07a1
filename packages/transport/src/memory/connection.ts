import { MeridianError } from "@meridian/wire";
import type { ByteStream, ByteStreamEvents } from "../byte-stream.ts";
import type { TransportClock } from "../clock.ts";
import { Pipe, type Link } from "./pipe.ts";

/** One side of a connection within a process. */
export class ConnectionEnd implements ByteStream {
  readonly side: "client" | "server";
  readonly #clock: TransportClock;
  readonly #out: Pipe;
  readonly #changed: () => void;
  #other: ConnectionEnd | undefined;
  #events: ByteStreamEvents | undefined;
  #gone: (() => void) | undefined;
  #sending = true;
  #receiving = true;

  constructor(side: "client" | "server", clock: TransportClock, out: Pipe, changed: () => void) {
    this.side = side;
    this.#clock = clock;
    this.#out = out;
    this.#changed = changed;
  }

  join(other: ConnectionEnd): void {
    this.#other = other;
  }

  listen(events: ByteStreamEvents): void {
    this.#events = events;
  }

  /** `gone` runs when the other side gave up or was lost; not for good ends. */
  whenGone(gone: () => void): void {
    this.#gone = gone;
  }

  get bufferedBytes(): number {
    return this.#out.bufferedBytes;
  }

  /** Neither sends nor receives any more. */
  get over(): boolean {
    return !this.#sending && !this.#receiving;
  }

  /** Runs at the other side, in order with what is written. */
  signal(run: () => void): void {
    if (this.#sending) this.#out.push(0, run);
  }

  /** `taken` runs when the other side has it; not when the connection broke before. */
  write(bytes: Buffer, taken?: () => void): void {
    if (!this.#sending) return;
    this.#out.push(bytes.byteLength, () => {
      this.#other?.deliver(bytes);
      taken?.();
    });
  }

  end(): void {
    if (!this.#sending) return;
    this.#sending = false;
    if (this.side === "server") this.#receiving = false;
    this.#out.push(0, () => this.#other?.finish(undefined));
    this.#changed();
  }

  /**
   * Without an error, or with some of what was written not yet taken: the other side learns only
   * that it is over.
   */
  abort(error?: MeridianError): void {
    if (this.over) return;
    this.#sending = false;
    this.#receiving = false;
    const untold = this.side === "client" || this.#out.bufferedBytes > 0;
    if (this.#out.bufferedBytes > 0) this.#out.drop();
    const gaveUp = new MeridianError("REGION_UNAVAILABLE", `the ${this.side} gave the stream up`);
    const told = untold || error === undefined ? gaveUp : error;
    this.#out.push(0, () => this.#other?.finish(told));
    this.#changed();
  }

  /** As when the process or the channel of this side ends: both sides are told. */
  lose(error: MeridianError): void {
    const events = this.#receiving ? this.#events : undefined;
    this.abort();
    this.defer(() => events?.ended(error));
  }

  defer(task: () => void): void {
    this.#clock.after(0, task);
  }

  /** The network has taken everything that was written. */
  drain(): void {
    if (this.#sending) this.#events?.drained?.();
  }

  deliver(bytes: Buffer): void {
    if (this.#receiving) this.#events?.received(bytes);
  }

  /** The other side ended (undefined), or it or the network broke the connection. */
  finish(error: MeridianError | undefined): void {
    const told = this.#receiving;
    this.#receiving = false;
    if (error !== undefined || this.side === "client") this.#sending = false;
    if (error !== undefined) this.#gone?.();
    if (told) this.#events?.ended(error);
    this.#changed();
  }

  release(): void {
    this.#out.close();
  }
}

/** Two sides, and the pipes between them. */
export class Connection {
  readonly client: ConnectionEnd;
  readonly server: ConnectionEnd;
  readonly #clock: TransportClock;
  readonly #over: () => void;
  #released = false;

  /** `over` is called once, when both sides are done with each other. */
  constructor(clock: TransportClock, up: Link, down: Link, over: () => void) {
    this.#clock = clock;
    this.#over = over;
    const changed = (): void => {
      if (this.client.over && this.server.over) this.#release();
    };
    this.client = new ConnectionEnd("client", clock, this.#pipe(up, "client"), changed);
    this.server = new ConnectionEnd("server", clock, this.#pipe(down, "server"), changed);
    this.client.join(this.server);
    this.server.join(this.client);
  }

  /** Both sides lose each other; what is on its way is lost. */
  break(why: string): void {
    this.#release();
    const error = new MeridianError("REGION_UNAVAILABLE", why);
    this.#clock.after(0, () => {
      this.client.finish(error);
      this.server.finish(error);
    });
  }

  #pipe(link: Link, from: "client" | "server"): Pipe {
    return new Pipe(link, this.#clock, () => this[from].drain());
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.client.release();
    this.server.release();
    this.#over();
  }
}
