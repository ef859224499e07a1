import type { Encodable, IResponse, IServerFrame } from "@meridian/wire";
import { ServerFrame } from "@meridian/wire";
import { expect, test } from "vitest";
import { FramePacker } from "../src/frame-packer.ts";
import { WatchReport } from "../src/watch-report.ts";
import { randomOf } from "./harness/index.ts";

const messageBytesMax = 4 * 1024 * 1024;
const position = { cluster: "c", incarnation: 1, index: 7 };

function framesOf(packer: FramePacker, roomBytes: number = Infinity): readonly IServerFrame[] {
  const frames: IServerFrame[] = [];
  for (let room = roomBytes; room > 0 && !packer.isEmpty;) {
    const before = packer.bytes;
    const bytes = packer.take(room);
    room -= before - packer.bytes;
    expect(bytes.byteLength).toBeLessThan(messageBytesMax);
    frames.push(ServerFrame.decode(bytes));
  }
  return frames;
}

function eventOf(bytes: number): WatchReport {
  return WatchReport.ofEvents([{ path: "/a", data: Buffer.alloc(bytes) }], position, [position]);
}

/** What frames say, in the order in which a reader has to take it. */
function orderOf(frames: readonly IServerFrame[]): readonly string[] {
  return frames.flatMap(({ responses, events }) => {
    const said: string[] = [];
    const left = responses.map(({ id }) => `answer ${id}`);
    for (const { watch, laterResponses } of events) {
      said.push(...left.splice(0, left.length - laterResponses), `event ${watch}`);
    }
    return [...said, ...left];
  });
}

test("what fits goes out as one frame, and only once", () => {
  const packer = new FramePacker();
  expect(packer.isEmpty).toBe(true);
  packer.welcome({ node: "a" });
  packer.respond({ id: 1 });
  packer.report(1, WatchReport.ofProgress([position]));
  const [frame, ...others] = framesOf(packer);
  expect(others).toEqual([]);
  expect(frame?.welcome?.node).toBe("a");
  expect(frame?.responses.map(({ id }) => id)).toEqual([1]);
  expect(frame?.events).toMatchObject([{ watch: 1, events: [], positions: [position] }]);
  expect(packer.isEmpty).toBe(true);
  expect(packer.bytes).toBe(0);
});

test("frames fit the network, and answers and events keep their order, whatever the sizes", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = randomOf(seed);
    const packer = new FramePacker();
    const size = (): number => Math.floor(random() ** 4 * 1_048_576);
    const expected: string[] = [];
    packer.welcome({ node: "a" });
    const count = Math.floor(random() * 60);
    for (let id = 1; id <= count; id += 1) {
      // Ids of watches may be as large as numbers are.
      const watch = Math.floor(2 ** (random() * 53));
      if (random() < 0.5) {
        packer.respond({ id, node: { path: "/a", data: Buffer.alloc(size()) } });
        expected.push(`answer ${id}`);
      } else {
        packer.report(watch, eventOf(size()));
        expected.push(`event ${watch}`);
      }
    }
    const frames: IServerFrame[] = [];
    while (!packer.isEmpty) frames.push(...framesOf(packer, 1 + random() * 2 ** 21));
    expect(orderOf(frames), `seed ${seed}`).toEqual(expected);
    expect(frames.filter(({ welcome }) => welcome !== undefined)).toHaveLength(1);
    expect(frames[0]?.welcome).toBeDefined();
    expect([packer.bytes, packer.reports, packer.reportBytes]).toEqual([0, 0, 0]);
  }
});

test("no more is taken than there is room for, but at least one thing", () => {
  const packer = new FramePacker();
  for (let watch = 1; watch <= 10; watch += 1) packer.report(watch, eventOf(10_000));
  expect(orderOf(framesOf(packer, 1))).toEqual(["event 1"]);
  expect(framesOf(packer, 35_000).map(({ events }) => events.length)).toEqual([3, 1]);
  expect(packer.reports).toBe(5);
});

test("pages of children and parts of a multi count with all that they hold", () => {
  const packer = new FramePacker();
  const child = { path: "n", data: Buffer.alloc(500_000) };
  const pages: Encodable<IResponse> = { id: 1, children: { children: [child, child] } };
  packer.respond(pages);
  packer.respond({ id: 2, multi: { parts: [{ node: child }] } });
  expect(packer.bytes).toBeGreaterThan(1_500_000);
  expect(framesOf(packer)).toHaveLength(2);
});

test("what a slow reader loses is told by watch; answers, and ends of watches, stay", () => {
  const packer = new FramePacker();
  const end = WatchReport.ofEnd({ code: "OVERLOADED", message: "late" }, []);
  packer.respond({ id: 1 });
  packer.report(4, WatchReport.ofProgress([position]));
  packer.report(5, eventOf(10));
  packer.report(6, end);
  packer.report(5, eventOf(20));
  packer.respond({ id: 2 });
  const lost = packer.dropReports();
  expect([...lost.keys()]).toEqual([5]);
  expect(lost.get(5)?.position).toEqual(position);
  expect(orderOf(framesOf(packer))).toEqual(["answer 1", "event 6", "answer 2"]);
});

test("what many watches are told is encoded once", () => {
  const report = eventOf(100);
  expect(report.body).toBe(report.body);
  const frame = ServerFrame.decode(packerOf(report, 3).take());
  expect(frame.events.map(({ events }) => events)).toEqual(
    [1, 2, 3].map(() => frame.events[0]?.events),
  );
});

function packerOf(report: WatchReport, watches: number): FramePacker {
  const packer = new FramePacker();
  for (let watch = 1; watch <= watches; watch += 1) packer.report(watch, report);
  return packer;
}

test("a report alone makes one frame for all watches with the same number", () => {
  const report = eventOf(10);
  const frames = [3, 3, 4, 300].map((watch) => {
    const packer = new FramePacker();
    packer.report(watch, report);
    return packer.take();
  });
  expect(frames[1]).toBe(frames[0]);
  const watches = frames.map((frame) => ServerFrame.decode(frame).events[0]?.watch);
  expect(watches).toEqual([3, 3, 4, 300]);
});
