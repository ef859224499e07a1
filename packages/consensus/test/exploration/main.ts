import { Explorer } from "./explorer.ts";
import { openSource } from "./opened-source.ts";
import { plants } from "./plants.ts";
import { scopes } from "./scopes.ts";

/**
 * `main.ts [scope|all] [states]`: explores to the end, or so many states; `main.ts plants`: with
 * each mistake. Exits with 1 when a claim is refuted, or a mistake is not noticed.
 */
async function main([what = "all", limit = "10000000"]: readonly string[]): Promise<boolean> {
  return what === "plants" ? explorePlants(Number(limit)) : exploreScopes(what, Number(limit));
}

async function exploreScopes(what: string, limit: number): Promise<boolean> {
  const source = await openSource();
  const chosen = scopes.filter(({ name }) => what === "all" || name === what);
  if (chosen.length === 0) throw new Error(`no such scope: ${what}`);
  let good = true;
  for (const scope of chosen) {
    const { counterexample, complete, states, steps, memberStates, depth } = new Explorer(
      source,
      scope,
    ).explore(limit);
    const end = complete ? "to the end" : "cut short";
    print(`${scope.name}: ${states} states, ${steps} steps, depth ${depth}, ${end}`);
    print(`  ${memberStates} states of single members`);
    for (const line of counterexample ?? []) print(`  ${line}`);
    good &&= counterexample === undefined;
  }
  return good;
}

async function explorePlants(limit: number): Promise<boolean> {
  let good = true;
  for (const plant of plants) {
    const source = await openSource(plant);
    const scope = scopes.find(({ name }) => name === plant.scope)!;
    const { counterexample, states } = new Explorer(source, scope).explore(limit);
    const found = counterexample === undefined ? "not found" : `${counterexample.length - 1} steps`;
    print(`${plant.name}: ${found} (${scope.name}, ${states} states)`);
    print(`  ${counterexample?.at(-1) ?? "-"}`);
    good &&= counterexample !== undefined;
  }
  return good;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
