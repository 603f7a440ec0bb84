// The browser's session against the golden traces that the engine's is held to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as session from "../../pwa/core/session.js";

const { traces } = JSON.parse(readFileSync(new URL("../../schemas/vectors/session.json", import.meta.url), "utf8"));
const EVENTS = [
  "started", "subscribed", "unsubscribed", "edited", "tick", "online", "offline", "sync_asked", "logged_in",
  "answered", "snapshot_taken", "failed", "hinted",
];
const INSTRUCTIONS = [
  "exchange", "fetch_snapshot", "apply_hint", "start_over", "fork", "drop_scope", "need_login", "wait", "show",
];

function frozen(value) {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

for (const trace of traces) {
  test(`a golden trace is followed: ${trace.name}`, () => {
    let state = session.start();
    for (const [at, one] of trace.steps.entries()) {
      const [next, instructions] = session.step(frozen(state), frozen(one.event));
      assert.deepEqual(instructions, one.instructions, `step ${at}`);
      state = next;
    }
    assert.deepEqual(state, trace.session);
  });
}

test("the traces hold every event and every instruction", () => {
  const steps = traces.flatMap((trace) => trace.steps);
  assert.ok(traces.length >= 15);
  assert.deepEqual([...new Set(steps.map((one) => one.event.event))].sort(), [...EVENTS].sort());
  const done = steps.flatMap((one) => one.instructions.map((instruction) => instruction.do));
  assert.deepEqual([...new Set(done)].sort(), [...INSTRUCTIONS].sort());
});

test("an event that there is not is refused", () => {
  assert.throws(() => session.step(session.start(), { event: "constructor" }), TypeError);
});

test("a session that claims saved with work pending is refused", () => {
  const [state] = session.step(session.start(), { event: "started", scopes: {} });
  assert.equal(state.shown.state, "saved");
  const scopes = { b: { phase: "current", sequence: 1, pending: 1, rejected: 0, due: false } };
  assert.throws(() => session.step({ ...state, scopes }, { event: "offline" }), /invariant 3/);
});
