/**
 * An HTTP server whose feature flags follow a watch. GET / answers all flags as JSON, out of
 * memory: requests never wait for the platform, and a flag that is set anywhere in the world
 * arrives here within the delay of the network.
 *
 *   MERIDIAN_REGION=apac node deploy/examples/flag-server.mjs
 *
 * MERIDIAN_ENDPOINTS (host:port,...) names the platform; without it, the local one of this
 * directory. FLAGS names the node whose children are the flags (default /global/flags), PORT the
 * port (default 7390).
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, MeridianError } from "@meridian/client";
import { parse } from "yaml";

const root = process.env["FLAGS"] ?? "/global/flags";
const port = Number(process.env["PORT"] ?? 7390);
const region = process.env["MERIDIAN_REGION"];

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

const meridian = await connect({ endpoints: endpoints(), region });
/** @type {Map<string, string>} */
const flags = new Map();

const server = createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(
    `${JSON.stringify({ region: meridian.region, flags: Object.fromEntries(flags) })}\n`,
  );
});
server.listen(port, "127.0.0.1", () => {
  console.log(`flags of ${root} in ${meridian.region}: http://127.0.0.1:${port}`);
});

while (!stop.signal.aborted) {
  try {
    await readAll();
    await follow();
  } catch (error) {
    // COMPACTED: too far behind to be told what was missed. NO_NODE: nobody has set a flag yet.
    if (!(error instanceof MeridianError)) throw error;
    console.error(error.message);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    });
  }
}
server.close();
await meridian.close();

/** Where to begin: given, or the regional nodes of a local platform. */
function endpoints() {
  const given = process.env["MERIDIAN_ENDPOINTS"];
  if (given !== undefined) return given.split(",");
  const file = process.env["MERIDIAN_TOPOLOGY"] ?? ".meridian/topology.yaml";
  const { nodes } = parse(readFileSync(file, "utf8"));
  const near = nodes.filter((node) => node.tier === "regional" && node.region === region);
  return (near.length > 0 ? near : nodes).map((node) => node.address);
}

/** Reads all flags from the mirror of this region. */
async function readAll() {
  const { children } = await meridian.children(root, { withData: true, consistency: "regional" });
  flags.clear();
  for (const { name, data } of children) flags.set(name, Buffer.from(data ?? []).toString());
}

/** Takes over every change since that read: the client's token says where it stood. */
async function follow() {
  const { signal } = stop;
  const events = meridian.watch(root, { recursive: true, from: meridian.token, signal });
  for await (const event of events) {
    const name = event.path.slice(root.length + 1);
    if (name === "") continue;
    if (event.kind === "deleted") flags.delete(name);
    else flags.set(name, event.text ?? "");
    console.log(`${event.kind} ${name} = ${event.text ?? ""}`);
  }
}
