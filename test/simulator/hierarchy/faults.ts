import type { Strike } from "../core/faults.ts";
import { channelTo, release, settle } from "../core/operator.ts";

/** What happens to whole regions, and what their operators do. */
export const regionalStrikes: Readonly<Record<string, Strike>> = {
  /** A region is cut off, or all its machines end, and it comes back. */
  "region loss": (world) => {
    const plan = world.pick(world.votersPlans);
    if (plan === undefined) return;
    const lost = world.names.filter((name) => name.startsWith(`${plan.name}-`));
    const others = world.names.filter((name) => !lost.includes(name));
    const forMs = 800 + world.below(4_000);
    world.count("region lost");
    world.ledger.note(`region of ${plan.name} is lost`);
    if (world.chance(0.5)) {
      for (const name of lost) world.crash(name, world.setup.keepUnsynced, forMs);
      return;
    }
    const reason = `region loss at ${world.nowMs}`;
    // Clients are on either side.
    const clients = world.clients.filter(() => world.chance(0.7));
    const rest = world.clients.filter((client) => !clients.includes(client));
    world.links.part(reason, [...lost, ...rest], [...others, ...clients]);
    world.later(forMs, () => world.links.mend(reason));
  },

  /** Leadership is to go to another region. */
  "hand over": (world) => {
    const { leader } = world.group;
    const plan = world.pick(world.votersPlans);
    if (leader === undefined || plan === undefined) return;
    world.count("hand-over asked for");
    const channel = channelTo(world, leader.place.node);
    const request = { node: "", region: plan.region };
    settle(world, `hand over to ${plan.name}`, channel.transferLeadership(request));
  },

  /** Leadership is kept in the leader's group for a while. */
  hold: (world) => {
    const { leader } = world.group;
    if (leader === undefined) return;
    const [group = ""] = leader.place.node.split("-");
    world.count("hold asked for");
    const held = channelTo(world, leader.place.node).holdLeadership({ group });
    settle(world, `hold in ${group}`, held);
    world.later(500 + world.below(2_500), () => release(world));
  },
};
