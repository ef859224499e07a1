import type { ClientChannel } from "../src/channel.ts";
import type { Meridian } from "../src/client.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf, isGlobal } from "./scene.ts";

/** Some clients that coordinate at one path, on a fleet of their own. */
export interface RecipeScene {
  readonly fleet: FakeFleet;
  readonly clients: readonly Meridian[];
  readonly path: string;
  /** Cluster that owns the path. */
  readonly cluster: string;
  /** Events that watches of each client have brought. */
  readonly wakeups: readonly { count: number }[];
}

/** So many clients below a prefix: "/locks" is strict, "/regions/us-west" regional. */
export async function recipeScene(
  count: number,
  prefix: "/locks" | "/regions/us-west" = "/locks",
): Promise<RecipeScene> {
  const fleet = new FakeFleet();
  const cluster = prefix === "/locks" ? "global" : "us-west";
  fleet.cluster(cluster).seed(prefix);
  const clients: Meridian[] = [];
  const wakeups: { count: number }[] = [];
  for (let n = 0; n < count; n += 1) {
    const woken = { count: 0 };
    wakeups.push(woken);
    const openChannel = (address: string): ClientChannel => {
      return counting(fleet.channel(address), woken);
    };
    clients.push(await fleet.client({ openChannel }));
  }
  return { fleet, clients, path: `${prefix}/billing`, cluster, wakeups };
}

/** The client with this number, from 0. */
export function clientOf({ clients }: RecipeScene, number: number): Meridian {
  const client = clients[number];
  if (client === undefined) throw new Error(`there is no client ${number}`);
  return client;
}

/** Paths of the nodes below a path, all the way down. */
export function below({ fleet, cluster }: RecipeScene, path: string): readonly string[] {
  return [...fleet.cluster(cluster).nodes.keys()].filter((each) => each.startsWith(`${path}/`));
}

/** Ends the session that owns a node, as the servers do when they hear nothing of it. */
export function expireOwner({ fleet, cluster }: RecipeScene, path: string): void {
  const owner = fleet.cluster(cluster).nodes.get(path)?.stat.ephemeralOwner ?? 0;
  if (owner === 0) throw new Error(`${path} has no owner`);
  fleet.cluster(cluster).expire(owner);
}

/** The first client asks for something, and hears that its session is over. */
export async function hears(scene: RecipeScene): Promise<void> {
  const code = await codeOf(clientOf(scene, 0).set("/locks/x", ""));
  if (code !== "SESSION_EXPIRED") throw new Error(`the session is not over: ${code}`);
}

/** Breaks all connections to the global cluster; whoever had one comes back. */
export function breakStreams({ fleet }: RecipeScene): void {
  for (const server of fleet.select(isGlobal)) {
    for (const stream of server.streams) stream.sink.break();
  }
}

/** A channel that counts what its watches tell. */
function counting(channel: ClientChannel, woken: { count: number }): ClientChannel {
  return {
    topology: (options) => channel.topology(options),
    status: (options) => channel.status(options),
    follow: (handler) => channel.follow(handler),
    close: () => channel.close(),
    session: (handler) =>
      channel.session({
        onFrame: (frame) => {
          for (const { events } of frame.events) woken.count += events.length;
          handler.onFrame(frame);
        },
        onClose: (error) => handler.onClose(error),
      }),
  };
}
