import { MeridianError, type IRequest } from "@meridian/wire";
import {
  MemoryNetwork,
  createPeerTransport,
  openChannel,
  serve,
  type Channel,
  type CoordinationHandlers,
  type FrameHandler,
  type PeerFrame,
  type PeerIdentity,
  type PeerTransport,
  type Services,
  type TransportClock,
} from "../src/index.ts";

/**
 * What the tests of streams and peers need of a network; both networks must keep the same promises.
 */
export interface TestNetwork {
  readonly name: string;
  serve(services: Services, address?: string): Promise<TestServer>;
  channel(address: string): Channel;
  peers(options: TestPeerOptions): PeerTransport;
}

/** A server of a test. */
export interface TestServer {
  readonly address: string;
  close(): Promise<void>;
}

/** A sender of a test. */
interface TestPeerOptions {
  readonly identity: PeerIdentity;
  resolve(node: string): string | undefined;
  birthOf?(peer: string): string | undefined;
  onPeerDown?(peer: string, isGone: boolean): void;
  onDismissed?(peer: string): void;
  onFailure?(peer: string, error: Error): void;
}

const realTime: TransportClock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Real sockets. */
export const grpcNetwork: TestNetwork = {
  name: "gRPC",
  async serve(services, address = "127.0.0.1:0") {
    return serve({ listen: address, limits: { graceMs: 20 }, ...services });
  },
  channel: (address) => openChannel(address),
  peers: (options) =>
    createPeerTransport({ onPeerDown: () => undefined, ...options, limits: QUICK }),
};

/** Pauses short enough for tests. */
const QUICK = { backoffMsMin: 5, backoffMsMax: 20 };

/** Within the process, on the machine's clock. */
function memoryNetwork(): TestNetwork {
  const network = new MemoryNetwork({ clock: realTime, random: Math.random });
  let servers = 0;
  return {
    name: "memory",
    async serve(services, address) {
      servers += 1;
      const serving = network.serve(address ?? `server-${servers}:1`, services);
      return { address: serving.address, close: async () => serving.close() };
    },
    channel: (address) => network.openChannel("client:1", address),
    peers: (options) =>
      network.createPeerTransport({
        onPeerDown: () => undefined,
        ...options,
        address: `${options.identity.node}:1`,
        limits: QUICK,
      }),
  };
}

/** Both. */
export const networks: readonly TestNetwork[] = [grpcNetwork, memoryNetwork()];

/** Answers each request of a session with its id, executes nothing. */
export const echo: CoordinationHandlers = {
  session: (stream) => ({
    onFrame: ({ requests }) => stream.send({ responses: requests.map(({ id }) => ({ id })) }),
    onClose: () => undefined,
  }),
  execute: ({ get }: IRequest) => {
    if (get === undefined) return { response: { index: 9 }, servedBy: { node: "n1" } };
    throw new MeridianError("NO_NODE", `there is no ${get.path}`, { hint: "n2" });
  },
  watch: (_watch, stream) => {
    stream.send({ watch: 1 });
    return { onClose: () => undefined };
  },
};

/** Keeps what a stream delivers, for tests to wait for. */
export class Recorder<In> implements FrameHandler<In> {
  readonly frames: In[] = [];
  readonly closed: Promise<Error | undefined>;
  closes = 0;
  #close: (error: Error | undefined) => void = () => undefined;
  #frame: () => void = () => undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  onFrame(frame: In): void {
    this.frames.push(frame);
    this.#frame();
  }

  onClose(error: Error | undefined): void {
    this.closes += 1;
    this.#close(error);
  }

  /** Resolves with all frames once there are `count`. */
  async received(count: number): Promise<readonly In[]> {
    while (this.frames.length < count) {
      await new Promise<void>((resolve) => {
        this.#frame = resolve;
      });
    }
    return this.frames;
  }
}

/** The code of an error, or what it is instead. */
export function codeOf(error: unknown): string {
  return error instanceof MeridianError ? error.code : String(error);
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** A frame with one heartbeat, numbered. */
export function heartbeat(commit: number, from = "b", to = "a"): PeerFrame {
  const message = { type: "heartbeat", from, to, term: 1, commit, context: 0 } as const;
  return {
    messages: [message],
    forwards: [],
    forwardAnswers: [],
    liveness: undefined,
    livenessAnswer: undefined,
  };
}
