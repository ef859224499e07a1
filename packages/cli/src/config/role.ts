/** What a node is. */
export type Role = "global-voter" | "witness" | "regional-voter" | "regional-observer" | "edge";

/** The tier that a node serves. */
export type TierName = "global" | "regional" | "edge";

/** All roles, for schemas and messages. */
export const roles: readonly Role[] = [
  "global-voter",
  "witness",
  "regional-voter",
  "regional-observer",
  "edge",
];

/** The tier that a role belongs to. */
export function tierOf(role: Role): TierName {
  switch (role) {
    case "global-voter":
    case "witness":
      return "global";
    case "regional-voter":
    case "regional-observer":
      return "regional";
    case "edge":
      return "edge";
  }
}
