/**
 * When one person's replicas sync: a state machine that performs nothing. The mirror of arxos_sync/session.py, which
 * says what each event tells, what the shell owes for each instruction and which invariants hold; both are held to
 * the golden traces of schemas/vectors/session.json.
 *
 * `step(session, event)` answers [session, instructions]. Each event changes facts and nothing else (EVENTS, a
 * function an event); `decide` looks at the facts alone and says what follows. Sessions, events and instructions are
 * plain JSON, named as there, and never changed in place. Times are ms since 1970, given in.
 */

export const RETRY_MS_MIN = 2_000;
export const RETRY_MS_MAX = 15 * 60_000;
export const POLL_MS = 60_000; // hints may be lost: ask at least so often
export const SCOPES_PER_EXCHANGE_MAX = 50;

const SCOPE = { phase: "new", sequence: 0, pending: 0, rejected: 0, due: true };

/** A session before its first event. */
export function start() {
  return {
    online: true, login: true, busy: "", asked: [], failures: 0, retry_at: null, poll_at: null, problem: null,
    scopes: {}, shown: null, waiting: null,
  };
}

/** Take in one event. Throws TypeError for one that there is not. */
export function step(session, event) {
  if (!Object.hasOwn(EVENTS, event.event)) throw new TypeError(`no such event: ${event.event}`);
  check(session);
  const [told, instructions] = EVENTS[event.event](session, event);
  const [next, further] = decide(told);
  check(next);
  return [next, [...instructions, ...further]];
}

function check(session) {
  must((session.busy !== "") === session.asked.length > 0, "invariant 1");
  must(session.busy !== "snapshot" || session.asked.length === 1, "invariant 1");
  must(session.shown?.state !== "saved" || allSaved(session), "invariant 3");
}

function must(holds, what) {
  if (!holds) throw new Error(`the session broke ${what}`);
}

// ---------------------------------------------------------------- facts

const EVENTS = {
  started(session, event) {
    const scopes = Object.entries(event.scopes).map(([name, facts]) => {
      const { has_cursor: hasCursor, sequence = 0, pending = 0, rejected = 0 } = facts;
      return [name, { ...SCOPE, phase: hasCursor ? "behind" : "new", sequence, pending, rejected }];
    });
    return [{ ...session, scopes: Object.fromEntries(scopes) }, []];
  },

  subscribed(session, { scope }) {
    if (session.scopes[scope]) return [withScope(session, scope, { due: true }), []];
    return [{ ...session, scopes: { ...session.scopes, [scope]: SCOPE } }, []];
  },

  unsubscribed(session, { scope }) {
    return drop(session, scope);
  },

  edited(session, { scope, pending, rejected = 0 }) {
    return [withScope(session, scope, { pending, rejected, due: true }), []];
  },

  tick(session, { now }) {
    let next = session;
    if (next.retry_at !== null && now >= next.retry_at) next = { ...next, retry_at: null };
    if (next.poll_at !== null && now >= next.poll_at) next = allDue({ ...next, poll_at: null });
    return [next, []];
  },

  online(session) {
    return [allDue({ ...session, online: true, retry_at: null }), []];
  },

  offline(session) {
    return [{ ...session, online: false }, []];
  },

  sync_asked(session) {
    return [allDue({ ...session, retry_at: null }), []];
  },

  logged_in(session) {
    return [allDue({ ...session, login: true, problem: null, retry_at: null }), []];
  },

  answered(session, event) {
    const forked = event.scopes.some((result) => result.state === "forked");
    const instructions = forked ? [{ do: "fork" }] : [];
    let next = atRest(session, { failures: 0, problem: null, poll_at: event.now + POLL_MS });
    if (forked) next = allDue(next);
    const take = ([after, more]) => {
      next = after;
      instructions.push(...more);
    };
    for (const result of event.scopes) take(oneAnswer(next, result));
    for (const scope of event.revoked ?? []) take(lost(next, scope));
    return [next, instructions];
  },

  snapshot_taken(session, { scope, sequence }) {
    const next = atRest(session, { failures: 0, problem: null });
    return [withScope(next, scope, { phase: "behind", sequence, due: true }), []];
  },

  failed(session, { now, kind, jitter, retry_after_ms: retryAfterMs = null }) {
    const { asked, failures, busy } = session;
    let next = atRest(session, { failures: failures + 1, problem: kind });
    for (const scope of asked) next = withScope(next, scope, { due: true });
    if (kind === "login") return [{ ...next, login: false }, [{ do: "need_login" }]];
    if (kind === "gone" && busy === "snapshot") return drop(next, asked[0]);
    const wait = Math.min(Math.max(backoffMs(failures + 1, jitter), retryAfterMs ?? 0), RETRY_MS_MAX);
    return [{ ...next, retry_at: now + wait }, kind === "device_taken" ? [{ do: "fork" }] : []];
  },

  hinted(session, { scope: name, from, to, rows = false }) {
    const scope = session.scopes[name];
    if (!scope || to <= scope.sequence) return [session, []];
    const fits = rows && scope.phase === "current" && from === scope.sequence;
    if (fits && !session.asked.includes(name)) {
      return [withScope(session, name, { sequence: to }), [{ do: "apply_hint", scope: name }]];
    }
    return [withScope(session, name, { due: true }), []];
  },
};

function oneAnswer(session, result) {
  const { scope, state, sequence = 0, more = false, receipts = 0, pending = 0, rejected = 0 } = result;
  const before = session.scopes[scope];
  const counts = { pending, rejected };
  if (!before) return [session, []];
  if (state === "gone" && before.phase === "lost") return lost(withScope(session, scope, counts), scope, before);
  if (state === "gone") return [withScope(session, scope, { phase: "absent", ...counts }), []];
  if (state === "diverged") {
    const fresh = { phase: "new", sequence: 0, due: true, ...counts };
    return [withScope(session, scope, fresh), [{ do: "start_over", scope }]];
  }
  if (state === "snapshot") return [withScope(session, scope, { phase: "snapshot", due: true, ...counts }), []];
  const ok = state === "ok";
  const due = before.due || more || (pending > 0 && receipts > 0) || !ok;
  const phase = more || !ok ? "behind" : "current";
  return [withScope(session, scope, { phase, sequence, due, ...counts }), []];
}

/** What is pending is sent once; when no more of it can go, the scope leaves. */
function lost(session, name, before = null) {
  const scope = session.scopes[name];
  if (!scope) return [session, []];
  const stuck = before !== null && before.phase === "lost" && scope.pending >= before.pending;
  if (scope.pending === 0 || stuck) return drop(session, name);
  return [withScope(session, name, { phase: "lost", due: true }), []];
}

/** Doubling from RETRY_MS_MIN to RETRY_MS_MAX, of which half is up to the dice. */
export function backoffMs(failures, jitter) {
  const half = Math.floor(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 16)) / 2);
  return half + Math.trunc(half * jitter);
}

// ---------------------------------------------------------------- what follows

function decide(session) {
  const [sent, instructions] = maySend(session) ? send(session) : [session, []];
  let next = sent;
  const until = next.retry_at ?? next.poll_at;
  if (until !== next.waiting && until !== null && !next.busy && next.login) {
    instructions.push({ do: "wait", until });
    next = { ...next, waiting: until };
  }
  const badge = badgeOf(next);
  if (!sameBadge(badge, next.shown)) {
    instructions.push({ do: "show", badge });
    next = { ...next, shown: badge };
  }
  return [next, instructions];
}

function maySend(session) {
  return session.online && session.login && !session.busy && session.retry_at === null;
}

function send(session) {
  const due = Object.keys(session.scopes).filter((name) => session.scopes[name].due).sort();
  const asked = due.filter((name) => session.scopes[name].phase !== "snapshot").slice(0, SCOPES_PER_EXCHANGE_MAX);
  if (asked.length) {
    const next = asked.reduce((one, name) => withScope(one, name, { due: false }), session);
    return [{ ...next, busy: "exchange", asked }, [{ do: "exchange", scopes: asked }]];
  }
  if (due.length) {
    const [scope] = due;
    const next = withScope(session, scope, { due: false });
    return [{ ...next, busy: "snapshot", asked: [scope] }, [{ do: "fetch_snapshot", scope }]];
  }
  return [session, []];
}

function badgeOf(session) {
  const scopes = Object.values(session.scopes);
  const sum = (name) => scopes.reduce((total, scope) => total + scope[name], 0);
  const rejected = sum("rejected");
  return { state: badgeState(session, rejected), pending: sum("pending"), rejected, problem: session.problem };
}

function badgeState(session, rejected) {
  if (!session.login) return "login";
  if (!session.online) return "offline";
  if (session.problem !== null) return "trouble";
  if (allSaved(session)) return rejected ? "rejected" : "saved";
  return session.busy ? "syncing" : "waiting";
}

function sameBadge(one, other) {
  return other !== null && Object.keys(one).every((name) => one[name] === other[name]);
}

function allSaved(session) {
  const current = Object.values(session.scopes).every((scope) => scope.phase === "current" && scope.pending === 0);
  return current && session.problem === null;
}

function withScope(session, name, facts) {
  if (!session.scopes[name]) return session;
  return { ...session, scopes: { ...session.scopes, [name]: { ...session.scopes[name], ...facts } } };
}

function allDue(session) {
  const scopes = Object.entries(session.scopes).map(([name, scope]) => [name, { ...scope, due: true }]);
  return { ...session, scopes: Object.fromEntries(scopes) };
}

function atRest(session, facts) {
  return { ...session, busy: "", asked: [], ...facts };
}

function drop(session, name) {
  if (!session.scopes[name]) return [session, []];
  const { [name]: gone, ...scopes } = session.scopes;
  return [{ ...session, scopes }, [{ do: "drop_scope", scope: name }]];
}
