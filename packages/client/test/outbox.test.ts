import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbox } from "../src/outbox.ts";
import { Pending } from "../src/pending.ts";
import { draftRequest } from "../src/request.ts";

function pending(): Pending {
  return new Pending({
    request: draftRequest(),
    isWrite: true,
    deadlineAtMs: 0,
    isFinal: true,
    origins: [],
    settle: () => undefined,
  });
}

const event = fc.constantFrom("add", "send", "answer", "refuse", "retry", "rewind", "finish");

test("whatever happens to links and answers, what is sent next is the oldest that is open", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(event, fc.nat(20)), { minLength: 30, maxLength: 80 }),
      (events) => {
        const outbox = new Outbox();
        const open: Pending[] = [];
        const inflight: Pending[] = [];
        const resent: [readonly Pending[], readonly Pending[]][] = [];
        const answered: [Pending | undefined, Pending][] = [];
        let id = 0;
        for (const [what, pick] of events) {
          const sent = inflight[pick % Math.max(1, inflight.length)];
          if (what === "add") {
            const added = pending();
            outbox.add(added);
            outbox.wait(added);
            open.push(added);
          } else if (what === "send") {
            for (const each of outbox.takeWaiting(3)) {
              each.id = id += 1;
              outbox.sent(each);
              inflight.push(each);
            }
          } else if (what === "rewind") {
            outbox.rewind();
            inflight.length = 0;
            resent.push([outbox.takeWaiting(Infinity), [...open]]);
            for (const each of open) outbox.wait(each);
          } else if (what === "retry") {
            outbox.retryRefused();
          } else if (sent !== undefined) {
            inflight.splice(inflight.indexOf(sent), 1);
            answered.push([outbox.answered(sent.id), sent]);
            if (what === "refuse") outbox.refused(sent);
            else {
              outbox.finish(sent);
              open.splice(open.indexOf(sent), 1);
            }
          }
          expect(outbox.count).toBe(open.length);
          expect(outbox.all()).toEqual(open);
          expect(outbox.isIdle).toBe(inflight.length === 0);
        }
        for (const [found, expected] of resent) expect(found).toEqual(expected);
        for (const [found, expected] of answered) expect(found).toBe(expected);
      },
    ),
  );
});

test("what is done with neither counts nor is sent", () => {
  const outbox = new Outbox();
  const [first, second] = [pending(), pending()];
  for (const each of [first, second]) {
    outbox.add(each);
    outbox.wait(each);
  }
  outbox.finish(first);
  outbox.finish(first);
  expect([outbox.count, outbox.bytes]).toEqual([1, second.bytes]);
  expect(outbox.takeWaiting(Infinity)).toEqual([second]);
});

test("what is given up takes nothing else along that has its number on another link", () => {
  const outbox = new Outbox();
  const [first, second] = [pending(), pending()];
  for (const each of [first, second]) outbox.add(each);
  first.id = 1;
  outbox.sent(first);
  // The link is lost; on the next one numbers begin anew.
  outbox.rewind();
  second.id = 1;
  outbox.sent(second);
  outbox.finish(first);
  expect(outbox.inflight).toBe(1);
  expect(outbox.answered(1)).toBe(second);
});
