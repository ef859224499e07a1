import {
  MeridianError,
  PeerFrame,
  PeerService,
  SnapshotChunk,
  SnapshotInstalled,
  type IPeerHello,
  type ISnapshotInstalled,
} from "@meridian/wire";
import type { TransportClock } from "../clock.ts";
import type {
  PeerConnection,
  PeerConnectionEvents,
  PeerConnector,
  SnapshotConnection,
} from "../peer-connector.ts";
import { MemoryChannelConnector } from "./channel-connector.ts";
import { type Dial, nobodyHint } from "./opening.ts";

const UNKNOWN_ADDRESS = "its address is not known";

/** A member's way to its peers in the same process. */
export class MemoryPeerConnector implements PeerConnector {
  readonly #dialTo: (node: string) => Dial | undefined;
  readonly #clock: TransportClock;

  constructor(dialTo: (node: string) => Dial | undefined, clock: TransportClock) {
    this.#dialTo = dialTo;
    this.#clock = clock;
  }

  connect(hello: IPeerHello, events: PeerConnectionEvents): PeerConnection {
    const dial = this.#dialTo(hello.to);
    if (dial === undefined) {
      this.#clock.after(0, () => events.failed(new Error(UNKNOWN_ADDRESS)));
      return { bufferedBytes: 0, send: () => undefined, close: () => undefined };
    }
    const { client } = dial({ path: PeerService.connect.path, accepted: () => events.opened() });
    client.listen({
      received: () => undefined,
      ended: (error) => {
        const isRefused = error instanceof MeridianError && error.hint === nobodyHint;
        events.failed(error ?? new Error("the peer ended the stream"), isRefused);
      },
    });
    client.write(PeerFrame.encode({ hello }));
    return {
      get bufferedBytes() {
        return client.bufferedBytes;
      },
      send: (frame) => client.write(PeerFrame.encode(frame)),
      close: () => client.abort(),
    };
  }

  call(to: string, path: string, request: Buffer, deadlineMs: number): Promise<Buffer> {
    const dial = this.#dialTo(to);
    if (dial === undefined) {
      return Promise.reject(new MeridianError("REGION_UNAVAILABLE", UNKNOWN_ADDRESS));
    }
    const connector = new MemoryChannelConnector(dial, this.#clock);
    const options = { deadlineMs, signal: undefined, once: false };
    return connector.call(path, request, options).finally(() => connector.close());
  }

  openSnapshot(hello: IPeerHello): SnapshotConnection {
    const dial = this.#dialTo(hello.to);
    if (dial === undefined) {
      const answer = Promise.reject(new Error(UNKNOWN_ADDRESS));
      return {
        answer,
        send: () => Promise.resolve(),
        end: () => undefined,
        close: () => undefined,
      };
    }
    let next: () => void = () => undefined;
    const { path } = PeerService.installSnapshot;
    const { client } = dial({ path, consumed: () => next() });
    const answer = new Promise<ISnapshotInstalled>((resolve, reject) => {
      client.listen({
        received: (bytes) => resolve(SnapshotInstalled.decode(bytes)),
        ended: (error) => reject(error ?? new Error("no answer")),
      });
    });
    return {
      answer,
      send: (chunk) => {
        client.write(SnapshotChunk.encode(chunk));
        return new Promise((resolve) => {
          next = resolve;
        });
      },
      end: () => client.end(),
      close: () => client.abort(),
    };
  }
}
