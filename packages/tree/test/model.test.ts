import fc from "fast-check";
import { expect, test } from "vitest";
import type { Applied, NodeOperation, Operation, PartResult } from "../src/index.ts";
import { bytes, text } from "./support/bytes.ts";
import { Cluster } from "./support/cluster.ts";
import { Twin, type TwinAnswer } from "./support/twin.ts";
import { visible } from "./support/visible.ts";

const name = fc.constantFrom("a", "b", "c");
const path = fc
  .array(name, { minLength: 1, maxLength: 3 })
  .map((names) => `/global/${names.join("/")}`);
const version = fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, fc.nat({ max: 3 }));
const data = fc.constantFrom("", "x", "some more").map(bytes);
const mode = fc.constantFrom(
  ...(["persistent", "persistent", "persistent-sequential"] as const),
  ...(["ephemeral", "ephemeral-sequential", "container"] as const),
);

const created: fc.Arbitrary<NodeOperation> = fc
  .record({ path, data, mode, parents: fc.boolean() })
  .map((fields) => ({ kind: "create", ttlMs: 0, ...fields }));
const part: fc.Arbitrary<NodeOperation> = fc.oneof(
  { weight: 3, arbitrary: created },
  fc.record({ path, data, version }).map((fields): NodeOperation => ({ kind: "set", ...fields })),
  fc.record({ path, version }).map((fields): NodeOperation => ({ kind: "delete", ...fields })),
  fc.record({ path, version }).map((fields): NodeOperation => ({ kind: "check", ...fields })),
);
const session = fc.constantFrom(1, 2);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: part.map((one): Operation => {
      return one.kind === "check" ? { kind: "multi", operations: [one] } : one;
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(part, { maxLength: 5 })
      .map((operations): Operation => ({ kind: "multi", operations })),
  },
  session.map((id): Operation => {
    return { kind: "open-session", session: id, secret: bytes("s"), timeoutMs: 9 };
  }),
  session.map((id): Operation => ({ kind: "close-session", session: id })),
);
const command = fc.record({
  operation,
  session: fc.constantFrom(0, 1, 1, 2),
  sequence: fc.nat({ max: 12 }),
  restart: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
});

test("whatever is asked in whatever order, the tree answers and is as the plain rules say", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 60 }), (commands) => {
      const cluster = new Cluster("global");
      const twin = new Twin("/global");
      for (const { operation: asked, session: by, sequence, restart } of commands) {
        const isSession = asked.kind === "open-session" || asked.kind === "close-session";
        const issuer = isSession ? { session: 0, sequence: 0 } : { session: by, sequence };
        const applied = cluster.apply(asked, issuer);
        const expected = twin.apply(
          ...([cluster.index, cluster.timeMs, asked, issuer.session, issuer.sequence] as const),
        );
        expect(answerOf(applied)).toEqual(expected);
        expect(seen(cluster)).toEqual(known(twin));
        if (restart) cluster.restart();
      }
    }),
    { numRuns: 400 },
  );
});

test("the changes that are told, done by a naive follower, make the same tree", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 60 }), (commands) => {
      const cluster = new Cluster("global");
      const followed = new Map<string, string | undefined>([["/global", ""]]);
      for (const { operation: asked, session: by, sequence } of commands) {
        const isSession = asked.kind === "open-session" || asked.kind === "close-session";
        const issuer = isSession ? {} : { session: by, sequence };
        for (const { index, changes } of cluster.apply(asked, issuer).transactions) {
          expect(index).toBe(cluster.index);
          for (const { kind, path: at, data: after, stat } of changes) {
            expect(followed.has(at)).toBe(kind !== "created");
            if (kind === "deleted") followed.delete(at);
            else followed.set(at, text(after));
            expect(kind === "created" ? stat.czxid : stat.mzxid).toBe(index);
          }
        }
      }
      const found = [...visible(cluster.tree, "/global")].map(([at, node]) => [at, node.data]);
      expect(followed).toEqual(new Map(found as [string, string][]));
    }),
    { numRuns: 200 },
  );
});

function answerOf({ result }: Applied): TwinAnswer {
  const partOf = ({ path: at, stat }: Pick<PartResult, "path" | "stat">): string =>
    `${at} ${stat?.version ?? "-"}`;
  if (result.kind === "failed") return result.code;
  if (result.kind === "multi") return result.parts.map(partOf);
  return result.kind === "node" ? [partOf(result)] : [];
}

function seen({ tree }: Cluster): Map<string, unknown> {
  return new Map(
    [...visible(tree, "/global")].map(([at, { data: found, stat, children }]) => {
      return [at, { data: found, stat, children }];
    }),
  );
}

function known(twin: Twin): Map<string, unknown> {
  return new Map(
    [...twin.nodes.keys()].map((at) => {
      const found = twin.nodes.get(at)?.data;
      return [at, { data: found, stat: twin.stat(at), children: twin.children(at) }];
    }),
  );
}
