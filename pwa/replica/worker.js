// The worker of the leading tab: it owns the files and runs the sync loop. Pages ask it by messages
// {id, method, args, csrf} and hear {id, answer} or {id, problem}; what happens by itself comes as {event, facts}.

import { Live } from '../sync/live.js';
import { Loop } from '../sync/loop.js';
import { Server } from '../sync/server.js';
import { openStorage } from './database.js';
import { Home } from './home.js';

const server = new Server();
let storage;
let home;
let loop;
let live;
let badge = { state: 'waiting', pending: 0, rejected: 0, problem: null };
let savedAt = null;
let problem = null;

const tell = (event, facts) => self.postMessage({ event, facts });

// ---------------------------------------------------------------- what the loop tells

function heard(what, facts) {
  switch (what) {
    case 'badge':
      badge = facts;
      if (badge.state === 'saved') {
        savedAt = Date.now();
        home.keep('saved_at', savedAt);
        problem = null;
      }
      tell('status', status());
      break;
    case 'problem':
      problem = facts;
      tell('status', status());
      break;
    case 'applied':
      if (facts.tables.length) tell('change', facts);
      tell('status', status());
      break;
    case 'dropped':
      tell('change', { scope: facts.scope, tables: [], live: false, dropped: true, unsent: facts.unsent });
      break;
    default:
      tell(what, facts);
  }
}

function status() {
  const held = home.scopes().map((scope) => home.replica(scope).status());
  const sum = (name) => held.reduce((total, one) => total + one[name], 0);
  return {
    state: badge.state,
    pending: sum('pending'),
    rejected: sum('rejected'),
    conflicts: sum('conflicts'),
    problem,
    at: savedAt,
    memory: storage.memory,
    me: home.me(),
    scopes: held,
  };
}

function begin() {
  loop?.stop();
  live?.stop();
  loop = new Loop(home, server, heard);
  live = new Live({
    onHint: (data) => loop.hinted(data),
    onOpen: () => loop.hear({ event: 'sync_asked' }),
    onEnded: () => loop.hear({ event: 'sync_asked' }),
    subscriptions: () => home.scopes().map((scope) => ({ scope, cursor: home.replica(scope).cursor() })),
  });
  loop.start();
  if (home.scopes().length && self.navigator.onLine) live.start();
}

// ---------------------------------------------------------------- what pages ask

const methods = {
  status: () => status(),
  me: () => home.me(),

  async loggedIn(person) {
    if (home.me()?.id !== person.id) home.become(person);
    begin();
    await loop.hear({ event: 'logged_in' });
    return status();
  },

  loggedOut() {
    home.become(null);
    server.csrf = '';
    begin();
    return status();
  },

  async buildings() {
    const here = new Set(home.scopes());
    let items;
    try {
      items = [];
      let next = '';
      do {
        const page = await server.json('GET', `/api/v1/buildings?limit=200${next ? `&next=${encodeURIComponent(next)}` : ''}`);
        items.push(...page.items);
        next = page.next;
      } while (next);
      home.keep(`buildings/${home.name}`, items);
    } catch (error) {
      if (!error.kind) throw error;
      items = home.kept(`buildings/${home.name}`) ?? [];
    }
    return items.map((item) => ({ ...item, centroid: item.centroid?.coordinates ?? null, here: here.has(item.id) }));
  },

  async keep(scope) {
    if (!home.has(scope)) {
      const bytes = await snapshot(scope);
      await home.putSnapshot(scope, bytes);
      await loop.hear({ event: 'subscribed', scope });
      if (live.wanted) live.subscribe();
      else live.start();
    }
    return home.replica(scope).status();
  },

  async remove(scope) {
    if (!home.has(scope)) return;
    if (home.replica(scope).pendingCount()) {
      throw Object.assign(new Error('unsent'), { code: 'restricted', detail: 'Work on this building is not sent yet.' });
    }
    await loop.hear({ event: 'unsubscribed', scope });
  },

  query(scope, sql, parameters) {
    const { db } = home.replica(scope).database;
    db.exec('pragma query_only = on');
    try {
      return home.replica(scope).database.rows(sql, parameters);
    } finally {
      db.exec('pragma query_only = off');
    }
  },

  record(scope, changes, reason, ask) {
    if (!home.mayWrite()) {
      throw Object.assign(new Error('login'), { code: 'unauthenticated', detail: 'Log in to change something.' });
    }
    const key = home.replica(scope).record(changes, Date.now(), { reason, ask });
    tell('change', { scope, tables: [...new Set(changes.map((one) => one.table))], live: false });
    loop.edited(scope).catch((error) => tell('broken', { detail: String(error) }));
    return key;
  },

  conflicts(scope) {
    return home
      .replica(scope)
      .database.rows(`select * from conflict where state = 'open' order by created_at, id`)
      .map((row) => ({ ...row, base: parsed(row.base), kept: parsed(row.kept), other: parsed(row.other) }));
  },

  unsent: (scope) => home.replica(scope).unsent(),

  discard(scope, key) {
    home.replica(scope).discard(key);
    tell('change', { scope, tables: [], live: false });
    return loop.edited(scope);
  },

  sync: () => loop.hear({ event: 'sync_asked' }),
  online: (is) => {
    if (is && home.scopes().length) live.start();
    if (!is) live.stop();
    return loop.hear({ event: is ? 'online' : 'offline' });
  },
  export: (scope) => storage.export(home.path(scope)),
};

/** A building's file; while the server still makes it, ask again. */
async function snapshot(scope) {
  for (;;) {
    try {
      return await server.snapshot(scope, (received, total) => tell('progress', { scope, received, total }));
    } catch (error) {
      if (error.kind !== 'busy' || !error.retryAfterMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
    }
  }
}

const parsed = (text) => (text === null ? null : JSON.parse(text));

/** Resolves when a tab has said hello: only pages can read the cookie that a push must repeat. */
let greet;
const greeted = new Promise((resolve) => {
  greet = resolve;
});

async function start() {
  storage = await openStorage();
  home = new Home(storage);
  savedAt = home.kept('saved_at');
  await greeted;
  begin();
  tell('ready', status());
}

const started = start();
started.catch((error) => tell('broken', { detail: String(error), stack: error.stack }));

self.onmessage = async ({ data: { hello, id, method, args, csrf } }) => {
  if (csrf) server.csrf = csrf;
  greet();
  if (hello) return;
  try {
    await started;
    self.postMessage({ id, answer: await methods[method](...args) });
  } catch (error) {
    const { code = 'broken', detail = String(error), hint = '', field = null, kind = null } = error;
    self.postMessage({ id, problem: { code, detail, hint, field, kind } });
  }
};
