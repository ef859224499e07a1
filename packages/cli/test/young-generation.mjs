// Makes objects of which many live for a while; prints how large the young generation became.
import { getHeapSpaceStatistics } from "node:v8";
import { boundHeap } from "../src/server/heap-bounds.ts";

if (process.argv.includes("--bounded")) boundHeap();
const living = [];
let [largest, rounds] = [0, 0];

function round() {
  for (let made = 0; made < 40_000; made += 1) living.push({ made, text: `${rounds} ${made}` });
  living.splice(0, Math.max(0, living.length - 120_000));
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  largest = Math.max(largest, young.space_size);
  rounds += 1;
  if (rounds < 60) setTimeout(round, 10);
  else console.log(largest);
}

round();
