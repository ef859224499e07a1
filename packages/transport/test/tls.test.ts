import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openChannel, serve, type Tls } from "../src/index.ts";
import { codeOf, echo, rejection } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Of a test authority whose key is lost; valid until 2125. */
const file = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, "certificates", name));
const tls: Tls = {
  authority: file("authority.pem"),
  certificate: file("node.pem"),
  key: file("node.key"),
};

test("with certificates, only who shows one is served", async () => {
  const limits = { graceMs: 20 };
  const server = await serve({ listen: "127.0.0.1:0", coordination: echo, limits, tls });
  closing.push(() => server.close());
  const known = openChannel(`localhost:${server.port}`, { tls });
  const plain = openChannel(server.address);
  closing.push(
    () => known.close(),
    () => plain.close(),
  );
  const answer = await known.execute({ create: { path: "/a" } });
  expect(answer.servedBy?.node).toBe("n1");
  const refused = rejection(plain.execute({ get: { path: "/a" } }, { deadlineMs: 2000 }));
  expect(codeOf(await refused)).toBe("REGION_UNAVAILABLE");
});
