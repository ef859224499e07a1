import type { Encodable, IChangeMembersRequest, IMembership } from "@meridian/wire";
import { MeridianError } from "@meridian/wire";
import { expect } from "vitest";
import { codeOf, type Group, type Pending, Scene, SessionClient } from "./harness/index.ts";

const limits = { snapshotEntries: 200, keptEntries: 50 };

/** A group whose members change, an operator and a client. */
export interface Stage {
  readonly scene: Scene;
  readonly group: Group;
  readonly client: SessionClient;
  readonly writes: Pending[];
}

/** A group that serves, with some of it behind a snapshot. */
export async function started(seed: number, voters: number = 3): Promise<Stage> {
  const plan = { cluster: "us-west", voters };
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { limits });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  const writes = Array.from({ length: 300 }, (_, at) => client.create(`/regions/us-west/n${at}`));
  await scene.answered(...writes);
  return { scene, group, client, writes };
}

/** Makes a member ready to start that nobody knows of. */
export function newcomer({ group }: Stage, node: string): { node: string; address: string } {
  const address = `${node}:7400`;
  group.welcome({
    node,
    address,
    region: "us-west",
    role: "regional-voter",
    group: "voters",
    addressFrom: {},
    cluster: "us-west",
  });
  return { node, address };
}

/** Asks the leader, and again when it has changed meanwhile, as `meridian member` does. */
export async function change(
  { scene, group }: Stage,
  request: Encodable<IChangeMembersRequest>,
): Promise<IMembership> {
  for (;;) {
    await scene.until("somebody leads", () => group.leader !== undefined);
    const { node } = group.leader?.place ?? { node: "" };
    try {
      const asked = channelTo(scene, node).changeMembers(request, { deadlineMs: 30_000 });
      const { membership } = await scene.clock.settled(asked);
      if (membership === undefined) throw new Error("the answer has no membership");
      return membership;
    } catch (error) {
      if (!isPassing(error)) throw error;
      await scene.run(100);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof MeridianError)) return false;
  if (["NOT_LEADER", "REGION_UNAVAILABLE", "UNKNOWN"].includes(error.code)) return true;
  return error.code === "CHANGE_EARLY";
}

/** The operator's way to a member. */
export function channelTo(scene: Scene, node: string): ReturnType<Scene["network"]["openChannel"]> {
  scene.join("operator");
  return scene.network.openChannel("operator", addressOf(node));
}

/** Newcomers are elsewhere than their names say. */
export function addressOf(node: string): string {
  return node.startsWith("x") ? `${node}:7400` : node;
}

/** Who is what. */
export function standings({ members }: IMembership): Record<string, string> {
  return Object.fromEntries(members.map(({ node, standing }) => [node, standing]));
}

/** Why the leader refuses a change. */
export async function refusal(
  { scene, group }: Stage,
  request: Encodable<IChangeMembersRequest>,
): Promise<MeridianError> {
  const { node } = (await group.led()).place;
  const asked = channelTo(scene, node).changeMembers(request);
  return await scene.clock.settled(
    asked.then(
      () => {
        throw new Error("it was not refused");
      },
      (error: unknown) => error as MeridianError,
    ),
  );
}

/** Waits until a member has applied what the leader has. */
export async function caughtUp(
  { scene, group }: Stage,
  ...nodes: readonly string[]
): Promise<void> {
  await scene.until(`${nodes.join(", ")} caught up`, () =>
    nodes.every((node) => {
      const { leader } = group;
      return (
        leader !== undefined && group.member(node).tree.appliedIndex >= leader.tree.appliedIndex
      );
    }),
  );
}

/** Adds members, starts them and waits until they have everything. */
export async function withLearners(stage: Stage, ...nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await change(stage, { add: [newcomer(stage, node)] });
    await stage.group.boot(node);
  }
  await caughtUp(stage, ...nodes);
}

/** A client that goes where the leader is, as real ones do, and writes all the time. */
export function writing({ scene, group, client, writes }: Stage): () => void {
  let written = 0;
  let isOver = false;
  const step = (): void => {
    if (isOver) return;
    const node = group.leader?.place.node;
    if ((client.over || !client.isOpen) && node !== undefined) client.connect(addressOf(node));
    written += 1;
    writes.push(client.create(`/regions/us-west/w${written}`));
    scene.clock.after(20, step);
  };
  step();
  return () => {
    isOver = true;
  };
}

/** Every write is answered with success and is there, at every member that is left. */
export async function nothingLost(stage: Stage, members: readonly string[]): Promise<void> {
  const { scene, group, client, writes } = stage;
  await scene.until("all writes are answered", () => {
    const node = group.leader?.place.node;
    if (client.over && node !== undefined) client.connect(addressOf(node));
    return writes.every(({ response }) => response !== undefined);
  });
  expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
  await caughtUp(stage, ...members);
  const paths = writes.map(({ response }) => response?.node?.path ?? "");
  for (const name of members) {
    const { tree } = group.member(name);
    expect(paths.filter((path) => tree.stat(path) === undefined)).toEqual([]);
  }
}

/** The members as one of them tells. */
export function membershipAt({ scene }: Stage, node: string): Promise<IMembership> {
  const asked = channelTo(scene, node).members();
  return scene.clock.settled(asked).then(({ membership }) => {
    if (membership === undefined) throw new Error("the answer has no membership");
    return membership;
  });
}
