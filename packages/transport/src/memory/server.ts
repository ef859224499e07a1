import {
  ChangesService,
  CoordinationService,
  MeridianError,
  PeerService,
  type Encodable,
  type Method,
} from "@meridian/wire";
import { adminCalls, platformCalls } from "../admin-calls.ts";
import type { TransportClock } from "../clock.ts";
import { coordinationCalls } from "../coordination-calls.ts";
import { FramedStream } from "../framed-stream.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { peerCalls } from "../peer-calls.ts";
import { PeerInboxes } from "../peer-inbox.ts";
import { internalError, refusalOf } from "../refusal.ts";
import type { PeerMember, Services } from "../service.ts";
import { receiveSnapshot } from "../snapshot-receiver.ts";
import type { Acceptor } from "../stream.ts";
import type { UnaryCall } from "../unary-call.ts";
import { ByteQueue } from "./byte-queue.ts";
import { MemoryCaller } from "./caller.ts";
import type { ConnectionEnd } from "./connection.ts";
import type { Opening } from "./opening.ts";

const { messageBytesMax } = SERVER_LIMITS;

/** Answers connections within a process as a server answers them over gRPC. */
export class MemoryServer {
  readonly #services: Services;
  readonly #clock: TransportClock;
  readonly #calls: ReadonlyMap<string, UnaryCall>;
  readonly #inboxes: PeerInboxes;
  readonly #ends = new Set<ConnectionEnd>();

  constructor(services: Services, clock: TransportClock) {
    this.#services = services;
    this.#clock = clock;
    const { coordination, admin, platform, peers = new Map<string, PeerMember>() } = services;
    const calls = [
      ...(coordination === undefined ? [] : coordinationCalls(coordination)),
      ...(admin === undefined ? [] : adminCalls(admin)),
      ...(platform === undefined ? [] : platformCalls(platform)),
      ...peerCalls(peers),
    ];
    this.#calls = new Map(calls.map((call) => [call.path, call]));
    this.#inboxes = new PeerInboxes(peers);
  }

  /** Takes a connection from `from`. */
  accept(end: ConnectionEnd, opening: Opening, from: string): void {
    for (const old of this.#ends) if (old.over) this.#ends.delete(old);
    this.#ends.add(end);
    if (!this.#open(end, opening, from)) {
      end.abort(new MeridianError("UNSUPPORTED", `there is no ${opening.path} here`));
      return;
    }
    opening.reached?.();
    if (opening.accepted !== undefined) end.signal(opening.accepted);
  }

  /** Breaks all connections. */
  close(): void {
    const error = new MeridianError("REGION_UNAVAILABLE", "the server was closed");
    for (const end of this.#ends) end.lose(error);
    this.#ends.clear();
  }

  #open(end: ConnectionEnd, opening: Opening, from: string): boolean {
    const { coordination, changes, peers } = this.#services;
    const { path, deadlineMs, consumed } = opening;
    const call = this.#calls.get(path);
    const caller = new MemoryCaller(from, end, this.#clock, deadlineMs);
    if (call !== undefined) answer(end, call, caller);
    else if (path === CoordinationService.session.path && coordination !== undefined) {
      stream(end, CoordinationService.session, coordination.session, caller);
    } else if (path === ChangesService.follow.path && changes !== undefined) {
      stream(end, ChangesService.follow, changes.follow, caller);
    } else if (path === PeerService.connect.path && peers !== undefined) {
      this.#hear(end);
    } else if (path === PeerService.installSnapshot.path && peers !== undefined) {
      install(end, consumed, peers);
    } else return false;
    return true;
  }

  #hear(end: ConnectionEnd): void {
    const inbox = this.#inboxes.add(() => end.abort());
    end.listen({
      received: (bytes) => {
        try {
          inbox.receive(bytes);
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal === undefined) throw error;
          inbox.close();
          end.abort(refusal);
        }
      },
      ended: () => {
        inbox.close();
        end.end();
      },
    });
  }
}

function stream<In, Out>(
  end: ConnectionEnd,
  { request: incoming, response: outgoing }: Method<In, Out>,
  accept: Acceptor<In, Encodable<Out>>,
  caller: MemoryCaller,
): void {
  const shape = { incoming, outgoing, messageBytesMax, side: "server" } as const;
  const framed = new FramedStream(end, shape);
  framed.receive(accept(framed, caller));
}

function answer(end: ConnectionEnd, call: UnaryCall, caller: MemoryCaller): void {
  const reply = (run: Promise<Buffer>): void => {
    run.then(
      (bytes) => {
        end.write(bytes);
        end.end();
      },
      (error: unknown) => end.abort(refusalOf(error) ?? internalError()),
    );
  };
  end.listen({
    received: (request) => reply(call.answer(request, messageBytesMax, caller)),
    ended: () => undefined,
  });
}

function install(
  end: ConnectionEnd,
  consumed: (() => void) | undefined,
  members: ReadonlyMap<string, PeerMember>,
): void {
  const chunks = new ByteQueue(() => {
    if (consumed !== undefined) end.signal(consumed);
  });
  end.listen({
    received: (bytes) => chunks.push(bytes),
    ended: (error) => chunks.end(error),
  });
  receiveSnapshot(chunks, members).then(
    (bytes) => {
      end.write(bytes);
      end.end();
    },
    (error: unknown) => end.abort(refusalOf(error) ?? internalError()),
  );
}
