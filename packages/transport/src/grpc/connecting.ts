import grpc, { type Client } from "@grpc/grpc-js";

/**
 * Makes `client` connect and tells how that went, once: it is connected, its first attempt failed,
 * or `withinMs` are over. `waitForReady` of grpc-js would go on after failures and not tell of
 * them.
 */
export function whenConnected(
  client: Client,
  withinMs: number,
  done: (error: Error | undefined) => void,
): void {
  const channel = client.getChannel();
  const deadline = Date.now() + withinMs;
  const look = (timeout?: Error): void => {
    if (timeout !== undefined) return done(new Error(`no connection within ${withinMs} ms`));
    const state = channel.getConnectivityState(true);
    switch (state) {
      case grpc.connectivityState.READY:
        return done(undefined);
      case grpc.connectivityState.TRANSIENT_FAILURE:
        return done(new Error("it cannot be reached"));
      case grpc.connectivityState.SHUTDOWN:
        return done(new Error("the connection was closed"));
      case grpc.connectivityState.IDLE:
      case grpc.connectivityState.CONNECTING:
        return channel.watchConnectivityState(state, deadline, look);
    }
  };
  look();
}
