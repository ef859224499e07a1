import { resolve } from "node:path";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import * as wire from "../src/index.ts";
import type { Codec } from "../src/index.ts";

/** The proto files as protobufjs understands them: the judge of the generated codecs. */
const root = new protobuf.Root();
root.resolvePath = (_origin, path) => resolve(import.meta.dirname, "../../../protos", path);
const files = ["admin", "changes", "coordination", "local_platform", "log", "peer"];
root.loadSync(files.map((name) => `meridian/v1/${name}.proto`));
root.resolveAll();
const codecs = Object.values(wire)
  .filter(isCodec)
  .filter((codec) => typeOf(codec) !== undefined);

describe("an implementation that works from the proto files", () => {
  test("knows every message", () => {
    expect(codecs.length).toBeGreaterThan(80);
  });

  test.each(codecs)("reads and writes $name as the generated codec does", (codec) => {
    const type = root.lookupType(`meridian.v1.${codec.name}`);
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = codec.encode(message);
        const reference = type.toObject(type.decode(bytes), PLAIN);
        expect(dense(codec.decode(bytes))).toEqual(dense(reference));
        const theirs = type.encode(type.create(message)).finish();
        expect(codec.decode(theirs)).toEqual(codec.decode(bytes));
      }),
      { numRuns: 25 },
    );
  });
});

test("any bytes are read or refused, without any other error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...codecs), (bytes, codec) => {
      expect(refusal(codec, bytes)).toSatisfy(
        (error) => error === undefined || error instanceof wire.WireError,
      );
    }),
    { numRuns: 3000 },
  );
});

function refusal(codec: Codec<object>, bytes: Uint8Array): unknown {
  try {
    codec.decode(bytes);
  } catch (error) {
    return error;
  }
  return undefined;
}

const PLAIN = { longs: Number, defaults: true, arrays: true, objects: true } as const;

function isCodec(value: unknown): value is Codec<object> {
  return typeof value === "object" && value !== null && "encode" in value;
}

/** Undefined for the few that are not in `protos`. */
function typeOf({ name }: Codec<object>): protobuf.Type | undefined {
  const found = root.lookup(`meridian.v1.${name}`);
  return found instanceof protobuf.Type ? found : undefined;
}

/** Without absent messages, and with bytes that compare by content. */
function dense(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(dense);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined && item !== null)
    .map(([key, item]) => [key, dense(item)] as const);
  return Object.fromEntries(entries);
}

function messageOf(type: protobuf.Type): fc.Arbitrary<Record<string, unknown>> {
  const fields = type.fieldsArray.map((field) => [field.name, fieldOf(field.resolve())] as const);
  const members = new Set(type.oneofsArray.flatMap((one) => one.oneof));
  return fc
    .record(Object.fromEntries(fields), { requiredKeys: [] })
    .map((message) => oneMember(message, members));
}

/** At most one member of the (one) oneof. */
function oneMember(message: Record<string, unknown>, members: ReadonlySet<string>) {
  const [, ...others] = Object.keys(message).filter((key) => members.has(key));
  return Object.fromEntries(Object.entries(message).filter(([key]) => !others.includes(key)));
}

function fieldOf(field: protobuf.Field): fc.Arbitrary<unknown> {
  if (field instanceof protobuf.MapField) return fc.dictionary(fc.string(), fc.string());
  const one = valueOf(field);
  return field.repeated ? fc.array(one, { maxLength: 3 }) : one;
}

function valueOf({ type, resolvedType }: protobuf.Field): fc.Arbitrary<unknown> {
  if (resolvedType instanceof protobuf.Type) return messageOf(resolvedType);
  if (resolvedType instanceof protobuf.Enum) return fc.nat(30);
  switch (type) {
    case "string":
      return fc.string({ unit: "grapheme" });
    case "bytes":
      return fc.uint8Array().map((bytes) => Buffer.from(bytes));
    case "bool":
      return fc.boolean();
    case "double":
      return fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value));
    case "uint32":
      return fc.nat(0xffff_ffff);
    case "sint32":
      return fc.integer();
    case "uint64":
      return fc.oneof(fc.nat(300), fc.nat(0xffff_ffff), fc.maxSafeNat());
    default:
      throw new Error(`no values for ${type}`);
  }
}
