import grpc, { type Client } from "@grpc/grpc-js";

/** How an attempt to connect went. `closed`: given up by its own side. */
export type ConnectOutcome = "connected" | "unreachable" | "timeout" | "closed";

/**
 * Makes `client` connect and tells how its first attempt went, once, later. `waitForReady` of
 * grpc-js would go on after failures and not tell of them.
 */
export function whenConnected(
  client: Client,
  withinMs: number,
  done: (outcome: ConnectOutcome) => void,
): void {
  const channel = client.getChannel();
  const deadline = Date.now() + withinMs;
  const look = (timeout?: Error): void => {
    const state = channel.getConnectivityState(true);
    switch (state) {
      case grpc.connectivityState.READY:
        return done("connected");
      case grpc.connectivityState.TRANSIENT_FAILURE:
        return done("unreachable");
      case grpc.connectivityState.SHUTDOWN:
        return done("closed");
      case grpc.connectivityState.IDLE:
      case grpc.connectivityState.CONNECTING:
        if (timeout !== undefined) return done("timeout");
        return channel.watchConnectivityState(state, deadline, look);
    }
  };
  setImmediate(look);
}
