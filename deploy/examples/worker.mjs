/**
 * A worker that must run only once in the world. `meridian elect` starts it where it is elected and
 * ends it when it is not any more; the fencing token goes with everything it does, so that a
 * resource can refuse what an older leader still sends.
 *
 *   npx meridian elect /global/billing --region us-west -- node deploy/examples/worker.mjs
 */
const token = process.env["MERIDIAN_FENCING_TOKEN"];
const name = process.env["WORKER"] ?? `worker ${process.pid}`;
if (token === undefined) {
  console.error("MERIDIAN_FENCING_TOKEN is not set: run this under `meridian elect`");
  process.exit(2);
}
console.log(`${name} works with fencing token ${token}`);
const timer = setInterval(() => console.log(`${name} still works`), 1_000);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    console.log(`${name} stops`);
    clearInterval(timer);
  });
}
