import { expect, test } from "vitest";

import type { HistoryEvent } from "./history.ts";
import { judge } from "./judge.ts";

test("a read of an overwritten value is found and explained", () => {
  const events: HistoryEvent[] = [
    { process: 0, type: "invoke", f: "write", key: "x", value: 1 },
    { process: 0, type: "ok", f: "write", key: "x", value: 1 },
    { process: 1, type: "invoke", f: "write", key: "x", value: 2 },
    { process: 1, type: "ok", f: "write", key: "x", value: 2 },
    { process: 2, type: "invoke", f: "read", key: "x", value: null },
    { process: 2, type: "ok", f: "read", key: "x", value: 1 },
  ];
  const judgement = judge(events, "register");
  expect(judgement).toMatchObject({ verdict: "violated", key: "x" });
  expect(judge(events.slice(0, 5), "register").verdict).toBe("linearizable");
});
