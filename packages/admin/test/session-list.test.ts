import {
  type Encodable,
  type ISessionsRequest,
  type ISessionsResponse,
  MeridianError,
  SessionsResponse,
  StatusResponse,
} from "@meridian/wire";
import { expect, test } from "vitest";
import type { NodeView } from "../src/fleet-status.ts";
import { listSessions, type SessionsChannel } from "../src/session-list.ts";

type Said = (request: Encodable<ISessionsRequest>) => Encodable<ISessionsResponse>;

function node(name: string, cluster: string, role: string = "regional-voter"): NodeView {
  const status = StatusResponse.decode(StatusResponse.encode({ node: name }));
  const place = { region: cluster, role, group: "", cluster, address: `${name}:1` };
  return { node: name, ...place, status, error: undefined };
}

/** Channels to nodes that say this; others cannot be reached. */
function saying(answers: Readonly<Record<string, Said>>): (address: string) => SessionsChannel {
  return (address) => ({
    sessions: (request) => {
      const said = answers[address.split(":")[0] ?? ""];
      if (said === undefined) return Promise.reject(new MeridianError("DEADLINE", "silent"));
      return Promise.resolve(SessionsResponse.decode(SessionsResponse.encode(said(request))));
    },
    close: () => undefined,
  });
}

const session = { sessionId: 7, timeoutMs: 20_000, ephemerals: 2, appliedSequence: 9 };
const connection = { region: "us-west", address: "10.0.0.1:5", watches: 3 };

test("who lives is taken from the leader, who is connected from whoever serves it", async () => {
  const openChannel = saying({
    a: () => ({ leads: true, appliedIndex: 8, sessions: [{ ...session, silentMs: 120 }] }),
    b: () => ({ appliedIndex: 9, sessions: [{ ...session, connection }, { sessionId: 8 }] }),
  });
  const list = await listSessions([node("a", "us-west"), node("b", "us-west")], { openChannel });
  expect(list.unreachable).toEqual([]);
  expect(list.sessions).toEqual([
    {
      cluster: "us-west",
      session: 7,
      timeoutMs: 20_000,
      silentMs: 120,
      ephemerals: 2,
      writes: 9,
      connection: { node: "b", ...connection },
    },
  ]);
});

test("without a leader the newest member is believed, and silence is not known", async () => {
  const openChannel = saying({
    a: () => ({ appliedIndex: 8, sessions: [session] }),
    b: () => ({ appliedIndex: 9, sessions: [session, { sessionId: 8 }] }),
  });
  const members = [node("a", "us-west"), node("b", "us-west"), node("c", "us-west")];
  const { sessions, unreachable } = await listSessions(members, { openChannel });
  expect(sessions.map((each) => [each.session, each.silentMs])).toEqual([
    [7, undefined],
    [8, undefined],
  ]);
  expect(unreachable).toEqual(["c"]);
});

test("all pages are asked for, and neither edges nor witnesses", async () => {
  const page: Said = ({ after = 0 }) => {
    return { leads: true, sessions: [{ sessionId: after + 1 }], more: after < 3 };
  };
  const members = [node("a", "x"), node("e", "x", "edge"), node("w", "x", "witness")];
  const { sessions, unreachable } = await listSessions(members, {
    openChannel: saying({ a: page }),
  });
  expect(sessions.map((each) => each.session)).toEqual([1, 2, 3, 4]);
  expect(unreachable).toEqual([]);
});

test("the same number in two clusters is two sessions", async () => {
  const said: Said = () => ({ leads: true, sessions: [session] });
  const members = [node("a", "us-west"), node("b", "apac")];
  const { sessions } = await listSessions(members, { openChannel: saying({ a: said, b: said }) });
  expect(sessions.map(({ cluster }) => cluster)).toEqual(["us-west", "apac"]);
});
