import type { World } from "./world.ts";

/** Strikes once, and sees to its end. */
export type Strike = (world: World) => void;

/** Faults of any group, by name. */
export const strikes: Readonly<Record<string, Strike>> = {
  crash(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("crash");
    world.crash(victim, world.setup.keepUnsynced, 100 + world.below(2_500));
  },

  "torn write"(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("armed crash");
    world.arm(victim);
  },

  "power cut"(world) {
    world.count("power cut");
    const downMs = 100 + world.below(1_000);
    for (const name of world.names) world.crash(name, world.setup.keepUnsynced, downMs);
  },

  partition(world) {
    const side = world.names.filter(() => world.chance(0.5));
    const others = world.names.filter((name) => !side.includes(name));
    if (side.length === 0 || others.length === 0) return;
    world.count("partition");
    world.ledger.note(`${side.join(" ")} | ${others.join(" ")}`);
    const reason = `partition at ${world.nowMs}`;
    const clients = world.clients.filter(() => world.chance(0.5));
    const rest = world.clients.filter((client) => !clients.includes(client));
    world.links.part(reason, [...side, ...clients], [...others, ...rest]);
    world.later(300 + world.below(3_000), () => world.links.mend(reason));
  },

  "one-way cut"(world) {
    const victim = world.victim();
    const others = world.names.filter((name) => name !== victim && world.chance(0.6));
    if (victim === undefined || others.length === 0) return;
    world.count("one-way cut");
    const deaf = world.chance(0.5);
    const reason = `one way at ${world.nowMs}`;
    world.ledger.note(
      `${victim} ${deaf ? "does not hear" : "is not heard by"} ${others.join(" ")}`,
    );
    for (const other of others) {
      if (deaf) world.links.cut(reason, other, victim);
      else world.links.cut(reason, victim, other);
    }
    world.later(300 + world.below(3_000), () => world.links.mend(reason));
  },

  /** Nodes are clogged one after the other, and freed one after the other in another order. */
  clog(world) {
    const clogged = world.names.filter(() => world.chance(0.5));
    if (clogged.length === 0) return;
    world.count("clog");
    const reason = `clog at ${world.nowMs}`;
    for (const name of clogged) {
      world.later(world.below(800), () =>
        world.links.part(`${reason} of ${name}`, [name], world.names),
      );
      const untilMs = 800 + world.below(1_500);
      world.later(untilMs, () => world.links.mend(`${reason} of ${name}`));
    }
  },

  delay(world) {
    const [from, to] = [world.pick(world.names), world.pick(world.names)];
    if (from === undefined || to === undefined || from === to) return;
    world.count("delay");
    world.links.delay(from, to, world.below(400));
    world.later(500 + world.below(3_000), () =>
      world.links.delay(from, to, world.delayMs(from, to)),
    );
  },

  flaky(world) {
    const { flakiness } = world;
    world.count("flaky");
    flakiness.lost = world.chance(0.6) ? world.below(40) / 100 : 0;
    flakiness.doubled = world.chance(0.6) ? world.below(30) / 100 : 0;
    flakiness.late = world.chance(0.6) ? world.below(30) / 100 : 0;
    flakiness.lateMsMax = 1 + world.below(400);
    world.later(500 + world.below(3_000), () => {
      flakiness.lost = 0;
      flakiness.doubled = 0;
      flakiness.late = 0;
    });
  },

  pause(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("pause");
    world.pause(victim, 100 + world.below(3_000));
  },

  "wall jump"(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("wall jump");
    world.group.life(victim).clock.shiftWall(world.below(7_200_000) - 3_600_000);
  },

  "slow disk"(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("slow disk");
    world.group.trouble(victim, { delayMs: 20 + world.below(600) });
    world.later(500 + world.below(2_500), () => world.group.trouble(victim, { delayMs: 1 }));
  },

  "broken disk"(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("broken disk");
    world.expectFatal(victim);
    world.group.trouble(victim, { broken: true });
    world.later(300, () => world.group.trouble(victim, { broken: false }));
  },

  "full disk"(world) {
    const victim = world.victim();
    if (victim === undefined) return;
    world.count("full disk");
    world.expectFatal(victim);
    world.group.trouble(victim, { full: true });
    world.later(500 + world.below(1_500), () => world.group.trouble(victim, { full: false }));
  },

  /** Half of the time the old leader is cut off before it hears of the new one. */
  transfer(world) {
    const { leader } = world.group;
    const to = world.pick(world.names);
    if (leader === undefined || to === undefined) return;
    const from = leader.place.node;
    world.count("transfer asked for");
    world.ledger.note(`leadership shall go to ${to}: ${leader.replica.transferLeadership(to)}`);
    if (world.chance(0.5)) return;
    const reason = `cut after the transfer at ${world.nowMs}`;
    world.later(1 + world.below(12), () => world.links.part(reason, [from], world.names));
    world.later(300 + world.below(2_000), () => world.links.mend(reason));
  },

  damage(world) {
    const victim = world.victim();
    if (victim !== undefined) world.damages.damage(victim);
  },

  wipe(world) {
    const victim = world.victim();
    if (victim === undefined || !world.group.life(victim).storage.member.admitted) return;
    world.crash(victim, 1, 200 + world.below(1_000));
    world.damages.wipe(victim);
  },
};
