import { describe, expect, test } from "vitest";
import * as wire from "../src/index.ts";

describe("the generated codecs", () => {
  test("refuse every message that is cut off within a field", () => {
    const bytes = wire.Node.encode({ path: "/a/b", data: Buffer.from("value") });
    const whole = [0, 6, bytes.length];
    for (let length = 0; length <= bytes.length; length += 1) {
      if (whole.includes(length)) continue;
      expect(() => wire.Node.decode(bytes.subarray(0, length))).toThrow(wire.WireError);
    }
    expect(wire.Node.decode(bytes.subarray(0, 6)).path).toBe("/a/b");
  });

  test("give every field of a message, as sent or as default", () => {
    const { requests, hello, goodbye } = wire.ClientFrame.decode(
      wire.ClientFrame.encode({ requests: [{ id: 7, get: { path: "/a" } }] }),
    );
    expect({ hello, goodbye }).toEqual({ hello: undefined, goodbye: false });
    expect(requests[0]?.after).toEqual([]);
    expect(requests[0]?.get).toEqual({ path: "/a" });
    expect(requests[0]?.create).toBeUndefined();
  });

  test("drop fields that they do not know", () => {
    const newer = Buffer.concat([
      wire.Unwatch.encode({ watch: 5 }),
      Buffer.from([0xfa, 0x3e, 3, 1, 2, 3]), // field 1007, three bytes
      Buffer.from([0xc3, 0x3e, 0x08, 1, 0xc4, 0x3e]), // field 1000, a group
    ]);
    expect(wire.Unwatch.decode(newer)).toEqual({ watch: 5 });
  });

  test("keep the last member of a oneof only, whoever sent two", () => {
    const two = Buffer.concat([
      wire.Request.encode({ get: { path: "/a" } }),
      wire.Request.encode({ delete: { path: "/b", version: -1 } }),
    ]);
    const request = wire.Request.decode(two);
    expect(request.get).toBeUndefined();
    expect(request.delete).toEqual({ path: "/b", version: -1 });
  });
});

describe("generated codecs", () => {
  test("refuse strings that are not UTF-8, and pass U+FFFD itself", () => {
    expect(() => wire.Get.decode(Buffer.from([10, 2, 0x2f, 0xff]))).toThrow(/not UTF-8/u);
    expect(() => wire.Get.decode(Buffer.from([10, 4, 0x2f, 0xed, 0xa0, 0x80]))).toThrow(/UTF-8/u);
    const path = "/\uFFFD";
    expect(wire.Get.decode(wire.Get.encode({ path }))).toEqual({ path });
  });

  test("keep keys of maps apart from what objects have", () => {
    const addressFrom = Object.fromEntries([
      ["__proto__", "a:1"],
      ["constructor", "b:2"],
    ]);
    const decoded = wire.NodeAddress.decode(wire.NodeAddress.encode({ addressFrom }));
    expect(Object.entries(decoded.addressFrom)).toEqual([
      ["__proto__", "a:1"],
      ["constructor", "b:2"],
    ]);
    expect(wire.NodeAddress.decode(new Uint8Array(0)).addressFrom["toString"]).toBeUndefined();
  });

  test("go on after a message that could not be encoded", () => {
    const good = { nodes: [{ path: "/a" }] };
    const before = wire.ExpireSessions.encode({ sessions: [1, 2], term: 3 });
    expect(() => wire.ExpireSessions.encode({ sessions: [1, -2] })).toThrow(wire.WireError);
    expect(wire.ExpireSessions.encode({ sessions: [1, 2], term: 3 })).toEqual(before);
    expect(wire.SeedRemote.decode(wire.SeedRemote.encode(good)).nodes[0]?.path).toBe("/a");
  });
});
