import { connect } from "node:net";

const answerMs = 2_000;

/**
 * Asks a ZooKeeper server one of its words of four letters; it answers and hangs up.
 * @throws {Error} when it cannot be reached or takes longer than two seconds.
 */
export function askZookeeper(address: string, word: string): Promise<string> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host ?? "", port: Number(port) });
    let answer = "";
    socket.setEncoding("utf8").setTimeout(answerMs, () => {
      socket.destroy(new Error(`${address} does not answer to ${word}`));
    });
    socket.once("connect", () => socket.write(word));
    socket.on("data", (text: string) => (answer += text));
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
  });
}

/** What a server says of itself. */
export interface ZookeeperState {
  readonly version: string;
  readonly mode: "leader" | "follower" | "standalone";
  /** Znodes in its tree. */
  readonly znodes: number;
}

/** The answer to `srvr`; undefined from a server that does not serve. */
export function stateOf(answer: string): ZookeeperState | undefined {
  const mode = /^Mode: (leader|follower|standalone)$/m.exec(answer)?.[1];
  if (mode === undefined) return undefined;
  return {
    version: /^Zookeeper version: ([\d.]+)/m.exec(answer)?.[1] ?? "unknown",
    mode: mode as ZookeeperState["mode"],
    znodes: Number(/^Node count: (\d+)$/m.exec(answer)?.[1] ?? 0),
  };
}
