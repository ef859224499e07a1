// Stands in for `meridian server` in tests of the local platform: reads the listen addresses out of
// the configuration files it is given, answers the health check on them, and lives and dies as the
// real one does.
import { readFileSync } from "node:fs";
import { createServer } from "node:http2";

const files = process.argv.filter((_, index, all) => all[index - 1] === "--config");
const addresses = files.map((file) => /^ *"listen": "(.*)",$/m.exec(readFileSync(file, "utf8"))[1]);

await Promise.all(
  addresses.map((address) => {
    const server = createServer((request, response) => {
      response.writeHead(200, { "content-type": "application/grpc" });
      response.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]));
    });
    const [host, port] = address.split(":");
    return new Promise((resolve) => server.listen(Number(port), host, resolve));
  }),
);
process.on("SIGINT", () => {});
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));
process.send({ kind: "started" });
