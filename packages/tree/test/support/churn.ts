import { type Cluster, create, set } from "./cluster.ts";
import { pick } from "./random.ts";

/** A random history of one cluster below a path: creates, sets, deletes, multis, sessions. */
export function churn(cluster: Cluster, root: string, random: () => number, steps: number): void {
  const path = () => {
    let at = root;
    for (let depth = 1 + Math.floor(random() * 3); depth > 0; depth -= 1) {
      at = `${at}/${pick(random, ["a", "b", "c", "d"])}`;
    }
    return at;
  };
  const session = 1 + Math.floor(random() * 3);
  for (let step = 0; step < steps; step += 1) {
    const data = String(Math.floor(random() * 1_000));
    const kinds = [
      () => cluster.create(path(), data),
      () => cluster.create(path(), data, { parents: true }),
      () => cluster.create(`${path()}-`, "", { mode: "persistent-sequential" }),
      () => cluster.create(path(), data, { mode: "ephemeral", session }),
      () => cluster.create(path(), data, { mode: "ttl", ttlMs: 9 }),
      () => cluster.set(path(), data),
      () => cluster.set(path(), data),
      () => cluster.delete(path()),
      () => cluster.delete(path()),
      () => cluster.multi([create(path(), data), create(path(), data), set(path(), data)]),
      () => cluster.multi([set(path(), data), { kind: "delete", path: path(), version: -1 }]),
      () => cluster.open(session),
      () => (random() < 0.2 ? cluster.close(session) : cluster.open(session)),
    ];
    pick(random, kinds)();
  }
}
