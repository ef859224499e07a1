import { InvalidArgumentError, Option, type Command } from "commander";

/** An option that is a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** An option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Output format of a command. */
export type Output = "text" | "json";

/** Flag and description of the option that names a topology file. */
export const topologyFlag: readonly [string, string] = [
  "--topology <file>",
  "topology file of the platform (default: $MERIDIAN_TOPOLOGY, then .meridian/topology.yaml)",
];

/** Flag and description of the option that names nodes. */
export const endpointsFlag: readonly [string, string] = [
  "--endpoints <host:port,...>",
  "nodes to begin with (default: $MERIDIAN_ENDPOINTS)",
];

/** Options that say which platform is meant. */
export function platformOptions(command: Command): Command {
  return command
    .option(...topologyFlag)
    .option(...endpointsFlag)
    .option("--region <region>", "region the caller is in (default: $MERIDIAN_REGION)");
}

/** The option that chooses the output format. */
export function outputOption(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"),
  );
}
