// Writes src/generated from the proto files: for every message an interface of its plain form and a
// codec, for every enum a table of constants, for every service a table of its methods. The parser
// is protobufjs's. Its own static target is not used: it keeps scalar defaults on prototypes (lost
// when a message is spread or compared), makes 64-bit fields Long objects, and keeps unknown
// fields.
//
// node packages/wire/generate.mjs           writes the files
// node packages/wire/generate.mjs --check   exits with 1 when they are out of date

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative, resolve } from "node:path";
import protobuf from "protobufjs";

const repository = resolve(import.meta.dirname, "../..");
const target = join(import.meta.dirname, "src/generated");
const protos = join(repository, "protos");
const sources = [...protosOf(join(protos, "meridian/v1")), ...protosOf(import.meta.dirname)];

/** Scalars: type in TypeScript, wire type, default and how they are read. */
const PLAIN = {
  string: { type: "string", wire: 2, empty: '""', read: "readString(r)" },
  bytes: { type: "Uint8Array", wire: 2, empty: "EMPTY", read: "r.bytes()" },
  bool: { type: "boolean", wire: 0, empty: "false", read: "r.uint32() !== 0" },
  double: { type: "number", wire: 1, empty: "0", read: "r.double()" },
  uint32: { type: "number", wire: 0, empty: "0", read: "r.uint32()" },
  sint32: { type: "number", wire: 0, empty: "0", read: "r.sint32()" },
  int32: { type: "number", wire: 0, empty: "0", read: "r.int32()" },
  uint64: { type: "number", wire: 0, empty: "0", read: "readUint64(r)" },
  enum: { type: "number", wire: 0, empty: "0", read: "r.uint32()" },
};

/** Scalars that the writer of protobufjs writes as they are; others are checked first. */
const WRITE = {
  string: (value) => `.string(${value});`,
  bytes: (value) => `.bytes(${value});`,
  bool: (value) => `.bool(${value});`,
  double: (value) => `.double(${value});`,
  int32: (value) => `.int32(${value});`,
};

const files = generate();
if (process.argv.includes("--check")) check(files);
else write(files);

function generate() {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, path) => (path.startsWith("/") ? path : join(protos, path));
  root.loadSync(sources, { alternateCommentMode: true });
  root.resolveAll();
  const all = new Map(sources.map((source) => [source, { enums: [], types: [], services: [] }]));
  collect(root, all);
  const found = [...all].map(([source, part]) => [moduleName(source), module(source, part)]);
  found.push(["index.ts", index(all)], ["protos.ts", description(root)]);
  return new Map(found.map(([name, text]) => [name, format(name, text)]));
}

function protosOf(directory) {
  const names = readdirSync(directory).filter((name) => name.endsWith(".proto"));
  return names.toSorted(byCodeUnits).map((name) => join(directory, name));
}

function collect(space, all) {
  for (const item of space.nestedArray) {
    const part = all.get(item.filename);
    if (item instanceof protobuf.Enum) part.enums.push(item);
    else if (item instanceof protobuf.Type) part.types.push(item);
    else if (item instanceof protobuf.Service) part.services.push(item);
    if (item instanceof protobuf.Type && item.nestedArray.length > 0) {
      throw new Error(`${item.fullName}: messages within messages are not generated`);
    }
    if (item instanceof protobuf.Namespace) collect(item, all);
  }
}

function module(source, part) {
  const body = [
    ...part.enums.map(enumeration),
    ...part.types.map((type) => `${face(type)}\n\n${writer(type)}\n\n${reader(type)}`),
    ...part.services.map(service),
  ].join("\n\n");
  return `${header(source)}\n${imports(source, part, body)}\n${body}\n`;
}

function header(source) {
  const name = relative(repository, source);
  return `/* oxlint-disable */
// Generated from ${name} by packages/wire/generate.mjs. Do not edit.\n`;
}

function imports(source, part, body) {
  const uses = (name) => new RegExp(`\\b${name}\\b`, "u").test(body);
  const pick = (names) => names.filter(uses).join(", ");
  const lines = [];
  if (part.types.length > 0) {
    lines.push('import type { Reader, Writer } from "protobufjs/minimal.js";');
  }
  const own = pick(["EMPTY", "codec", "readMapEntry", "readNested", "readString"]);
  const types = pick(["Codec", "Encodable", "Method"]);
  if (own !== "") lines.push(`import { ${own} } from "../codec.ts";`);
  if (types !== "") lines.push(`import type { ${types} } from "../codec.ts";`);
  const integers = pick([
    "readPackedUint64",
    "readUint64",
    "writePackedUint64",
    "writeSint32",
    "writeUint32",
    "writeUint64",
  ]);
  if (integers !== "") lines.push(`import { ${integers} } from "../integers.ts";`);
  lines.push(...foreign(source, part));
  return lines.map((line) => `${line}\n`).join("");
}

/** Imports of messages that other files define. */
function foreign(source, part) {
  const wanted = new Map();
  const want = (type, names) => {
    if (!(type instanceof protobuf.Type) || type.filename === source) return;
    const set = wanted.get(type.filename) ?? new Set();
    for (const name of names) set.add(name);
    wanted.set(type.filename, set);
  };
  for (const type of part.types) {
    for (const { resolvedType } of type.fieldsArray) {
      if (resolvedType === null) continue;
      const { name } = resolvedType;
      want(resolvedType, [`type I${name}`, `read${name}`, `write${name}`]);
    }
  }
  for (const { methodsArray } of part.services) {
    for (const method of methodsArray) {
      for (const type of [method.resolvedRequestType, method.resolvedResponseType]) {
        want(type, [type.name, `type I${type.name}`]);
      }
    }
  }
  return [...wanted].map(
    ([from, names]) =>
      `import { ${[...names].toSorted(byCodeUnits).join(", ")} } from "./${moduleName(from)}";`,
  );
}

function enumeration(item) {
  const prefix = `${snake(item.name).toUpperCase()}_`;
  const lines = Object.entries(item.values).map(([name, number]) => {
    if (!name.startsWith(prefix)) throw new Error(`${item.fullName}: ${name} lacks its prefix`);
    return `${doc(item.comments[name])}\n${name.slice(prefix.length)}: ${number},`;
  });
  return [
    doc(item.comment),
    `export const ${item.name} = {\n${lines.join("\n")}\n} as const;`,
    `/** A value of ${item.name}. Decoded fields may hold others, of newer senders. */`,
    `export type ${item.name} = (typeof ${item.name})[keyof typeof ${item.name}];`,
  ].join("\n");
}

function face(type) {
  const { name } = type;
  const fields = type.fieldsArray.map(
    (field) => `${doc(field.comment)}\nreadonly ${field.name}: ${fieldType(field)};`,
  );
  return [
    doc(type.comment),
    fields.length === 0
      ? `export type I${name} = Readonly<Record<never, never>>;`
      : `export interface I${name} {\n${fields.join("\n")}\n}`,
    `/** Codec of ${name}. */`,
    `export const ${name}: Codec<I${name}> = codec("${name}", write${name}, read${name});`,
  ].join("\n");
}

/** A scalar's or enum's row of PLAIN; undefined for messages. */
function plain(field) {
  if (field.resolvedType instanceof protobuf.Type) return undefined;
  const found = PLAIN[field.resolvedType === null ? field.type : "enum"];
  if (found === undefined) throw new Error(`${field.fullName}: ${field.type} is not generated`);
  return found;
}

function fieldType(field) {
  if (field.map) {
    if (field.keyType !== "string" || field.type !== "string") {
      throw new Error(`${field.fullName}: only maps of strings are generated`);
    }
    return "Readonly<Record<string, string>>";
  }
  const type = plain(field)?.type ?? `I${field.resolvedType.name}`;
  if (field.repeated) return `readonly ${type}[]`;
  return plain(field) === undefined ? `${type} | undefined` : type;
}

function writer(type) {
  const { name } = type;
  const lines = type.fieldsArray.map(writeField);
  const use = lines.length === 0 ? "_" : "";
  return [
    `export function write${name}(${use}m: Encodable<I${name}>, ${use}w: Writer): void {`,
    ...lines,
    "}",
  ].join("\n");
}

function writeField(field) {
  const value = `m.${field.name}`;
  const tag = (wire) => `w.uint32(${field.id * 8 + wire})`;
  const given = `if (${value} !== undefined`;
  if (field.map) {
    return `${given}) for (const [key, value] of Object.entries(${value})) {
      ${tag(2)}.fork().uint32(10).string(key).uint32(18).string(value ?? "").ldelim(); }`;
  }
  const kind = plain(field);
  if (field.repeated) {
    if (field.type === "uint64") {
      return `${given} && ${value}.length > 0) { ${tag(2)}; writePackedUint64(w, ${value}); }`;
    }
    if (kind !== undefined && kind.wire !== 2) {
      throw new Error(`${field.fullName}: this list is not generated`);
    }
    return `${given}) for (const item of ${value}) { ${put(field, "item", tag)} }`;
  }
  if (kind === undefined) return `${given}) { ${put(field, value, tag)} }`;
  if (field.partOf !== null) throw new Error(`${field.fullName}: scalars in a oneof`);
  const empty = field.type === "bytes" ? `${value}.length > 0` : `${value} !== ${kind.empty}`;
  return `${given} && ${empty}) { ${put(field, value, tag)} }`;
}

/** Statement that writes one value with its tag. */
function put(field, value, tag) {
  const kind = plain(field);
  if (kind === undefined) {
    return `${tag(2)}.fork(); write${field.resolvedType.name}(${value}, w); w.ldelim();`;
  }
  const plainWrite = WRITE[field.type];
  if (plainWrite !== undefined) return tag(kind.wire) + plainWrite(value);
  const name = field.resolvedType === null ? field.type : "uint32";
  return `write${name[0].toUpperCase()}${name.slice(1)}(${tag(kind.wire)}, ${value});`;
}

function reader(type) {
  const { name, fieldsArray: fields, oneofsArray: oneofs } = type;
  const body = [
    ...oneofs.map((one) => `let ${one.name}Is = 0; let ${one.name}: unknown;`),
    ...fields.filter((field) => field.partOf === null).map(local),
    "while (r.pos < r.len) { const tag = r.tag(); switch (tag) {",
    ...fields.map(readCase),
    "default: r.skipType(tag & 7, 0, tag >>> 3); } }",
    `return { ${fields.map(result).join(", ")} };`,
  ];
  return `export function read${name}(r: Reader): I${name} {\n${body.join("\n")}\n}`;
}

function local(field) {
  const name = variable(field);
  if (field.map) return `const ${name}: Record<string, string> = Object.create(null);`;
  const kind = plain(field);
  const type = kind?.type ?? `I${field.resolvedType.name}`;
  if (field.repeated) return `const ${name}: ${type}[] = [];`;
  if (kind === undefined) return `let ${name}: ${type} | undefined;`;
  return `let ${name}${field.type === "bytes" ? ": Uint8Array" : ""} = ${kind.empty};`;
}

function readCase(field) {
  const kind = plain(field);
  const name = variable(field);
  const value = kind?.read ?? `readNested(r, read${field.resolvedType.name})`;
  const at = (wire, statement) => `case ${field.id * 8 + wire}: ${statement} break;`;
  if (field.map) return at(2, `readNested(r, (r) => readMapEntry(r, ${name}));`);
  if (field.partOf !== null) {
    return at(2, `${field.partOf.name} = ${value}; ${field.partOf.name}Is = ${field.id};`);
  }
  if (!field.repeated) return at(kind?.wire ?? 2, `${name} = ${value};`);
  const one = at(kind?.wire ?? 2, `${name}.push(${value});`);
  return field.type === "uint64" ? `${one}\n${at(2, `readPackedUint64(r, ${name});`)}` : one;
}

function result(field) {
  if (field.partOf === null) return `${field.name}: ${variable(field)}`;
  const { name } = field.partOf;
  const type = `I${field.resolvedType.name}`;
  return `${field.name}: ${name}Is === ${field.id} ? (${name} as ${type}) : undefined`;
}

/** Field names may be reserved words (delete) or clash with the reader. */
function variable(field) {
  return `${field.name}Value`;
}

function service(item) {
  const methods = item.methodsArray.map((method) => {
    const request = method.resolvedRequestType.name;
    const response = method.resolvedResponseType.name;
    return {
      type: `${doc(method.comment)}
        readonly ${camel(method.name)}: Method<I${request}, I${response}>;`,
      value: `${camel(method.name)}: {
        path: "/${item.fullName.slice(1)}/${method.name}",
        request: ${request}, response: ${response},
        requestStream: ${Boolean(method.requestStream)},
        responseStream: ${Boolean(method.responseStream)} },`,
    };
  });
  return `${doc(item.comment)}
export const ${item.name}Service: {
${methods.map(({ type }) => type).join("\n")}
} = {
${methods.map(({ value }) => value).join("\n")}
};`;
}

function index(all) {
  const lines = [...all].map(([source, part]) => {
    const names = [
      ...part.enums.map(({ name }) => name),
      ...part.types.flatMap(({ name }) => [name, `type I${name}`]),
      ...part.services.map(({ name }) => `${name}Service`),
    ];
    return `export { ${names.join(", ")} } from "./${moduleName(source)}";`;
  });
  return `/* oxlint-disable */
// Generated by packages/wire/generate.mjs. Do not edit.\n\n${lines.join("\n")}\n`;
}

/** All public definitions in the JSON form of protobufjs, for server reflection. */
function description(root) {
  const { nested } = root.toJSON();
  delete nested.meridian.nested.wire;
  return `/* oxlint-disable */
// Generated by packages/wire/generate.mjs. Do not edit.

/** The protocol, as server reflection tells it. JSON form of protobufjs. */
export const PROTOS: Readonly<Record<string, unknown>> = ${JSON.stringify({ nested })};\n`;
}

function doc(comment) {
  const text = (comment ?? "").trim().replaceAll("*/", "* /");
  if (text === "") throw new Error("a definition without a comment");
  const lines = text.split("\n");
  if (lines.length === 1) return `/** ${text} */`;
  return ["/**", ...lines.map((line) => ` * ${line}`), " */"].join("\n");
}

function byCodeUnits(a, b) {
  return a < b ? -1 : Number(a > b);
}

function snake(name) {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, "_");
}

function camel(name) {
  return name[0].toLowerCase() + name.slice(1);
}

function moduleName(source) {
  return `${basename(source, ".proto").replaceAll("_", "-")}.ts`;
}

function format(name, text) {
  const require = createRequire(import.meta.url);
  const binary = join(require.resolve("oxfmt/package.json"), "../bin/oxfmt");
  // A path outside of src/generated: formatting leaves that folder alone.
  const path = relative(repository, join(target, "..", name));
  const options = { cwd: repository, input: text, encoding: "utf8" };
  const done = spawnSync(process.execPath, [binary, `--stdin-filepath=${path}`], options);
  if (done.status !== 0) throw new Error(`${path}: ${done.stderr}\n${text}`);
  return done.stdout;
}

function check(wanted) {
  const present = readdirSync(target);
  const stale = [...wanted]
    .filter(
      ([name, text]) =>
        !present.includes(name) || text !== readFileSync(join(target, name), "utf8"),
    )
    .map(([name]) => name)
    .concat(present.filter((name) => !wanted.has(name)));
  if (stale.length === 0) return;
  console.error(`out of date: ${stale.join(", ")}; run: npm run generate`);
  process.exitCode = 1;
}

function write(wanted) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [name, text] of wanted) writeFileSync(join(target, name), text);
  console.log(`wrote ${wanted.size} files to ${relative(process.cwd(), target)}`);
}
