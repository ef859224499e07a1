/** What is sent to etcd and read of its answers, byte by byte. */
import { describe, expect, test } from "vitest";

import {
  hasFound,
  putRequest,
  rangeRequest,
  statusOf,
  watchNewsOf,
  watchRequest,
} from "../../src/peers/etcd-messages.ts";
import { etcdVersionOf } from "../../src/peers/etcd.ts";
import { bytesField, fieldsOf, numberField } from "../../src/peers/protobuf.ts";

const hex = (bytes: Buffer): string => bytes.toString("hex");

describe("fields", () => {
  test("are written as the encoding of protobuf has them", () => {
    expect(hex(numberField(1, 150))).toBe("089601");
    expect(hex(bytesField(2, Buffer.from("testing")))).toBe("120774657374696e67");
    expect(hex(numberField(16, 0))).toBe("800100");
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 32, 2 ** 53 - 1])("%d is read back", (value) => {
    const [field] = fieldsOf(numberField(3, value));
    expect(field).toMatchObject({ number: 3, value: BigInt(value) });
  });

  test("numbers of 64 bits are read whole", () => {
    const [field] = fieldsOf(Buffer.from("08ffffffffffffffffff01", "hex"));
    expect(field?.value).toBe(2n ** 64n - 1n);
  });

  test("those of fixed size are passed over", () => {
    const message = Buffer.concat([
      Buffer.from("090102030405060708", "hex"),
      Buffer.from("1501020304", "hex"),
      numberField(3, 7),
    ]);
    expect([...fieldsOf(message)].map(({ number }) => number)).toEqual([3]);
  });

  test("a message that is cut off is told as such", () => {
    const message = bytesField(2, Buffer.from("testing"));
    for (let length = 1; length < message.length; length += 1) {
      expect(() => [...fieldsOf(message.subarray(0, length))]).toThrow(RangeError);
    }
  });
});

test("requests have the fields of etcd's API", () => {
  expect(hex(putRequest("/k", Buffer.from("v")))).toBe("0a022f6b120176");
  expect(hex(rangeRequest("/k", false))).toBe("0a022f6b");
  expect(hex(rangeRequest("/k", true))).toBe("0a022f6b3801");
  expect(hex(watchRequest("/k"))).toBe("0a040a022f6b");
});

describe("answers", () => {
  const header = Buffer.concat([1, 2, 3, 4].map((number) => numberField(number, 2 ** 40 + number)));

  test("a range that found nothing is no success", () => {
    const found = bytesField(2, bytesField(1, Buffer.from("/k")));
    expect(hasFound(Buffer.concat([bytesField(1, header), found, numberField(4, 1)]))).toBe(true);
    expect(hasFound(Buffer.concat([bytesField(1, header), numberField(4, 0)]))).toBe(false);
    expect(hasFound(bytesField(1, header))).toBe(false);
    expect(hasFound(Buffer.alloc(0))).toBe(false);
  });

  test("news of a watch: begun, changed, ended", () => {
    const quiet = { isCreated: false, isCanceled: false, events: 0 };
    const news = (...fields: Buffer[]) =>
      watchNewsOf(Buffer.concat([bytesField(1, header), numberField(2, 5), ...fields]));
    expect(news(numberField(3, 1))).toEqual({ ...quiet, isCreated: true });
    expect(news(numberField(4, 1))).toEqual({ ...quiet, isCanceled: true });
    const event = bytesField(11, bytesField(2, Buffer.from("/k")));
    expect(news(event, event)).toEqual({ ...quiet, events: 2 });
  });

  test("a server leads when the leader it knows is itself", () => {
    const status = (leader: number) =>
      statusOf(
        Buffer.concat([
          bytesField(1, header),
          bytesField(2, Buffer.from("3.4.23")),
          numberField(4, leader),
        ]),
      );
    const version = "3.4.23";
    expect(status(2 ** 40 + 2)).toEqual({ version, leads: true, isLed: true });
    expect(status(7)).toEqual({ version, leads: false, isLed: true });
    expect(status(0)).toEqual({ version, leads: false, isLed: false });
  });
});

test("the version is read from what the program prints", () => {
  expect(etcdVersionOf("etcd Version: 3.4.23\nGit SHA: Not provided\n")).toBe("3.4.23");
  expect(etcdVersionOf("something else")).toBe("unknown");
});
