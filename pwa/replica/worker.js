// The worker of the leading tab: it owns the files and runs the sync loop. Pages ask it by messages
// {id, method, args, csrf} and hear {id, answer} or {id, problem}; what happens by itself comes as {event, facts}.

import { Photos } from '../sync/attachments.js';
import { Drawings } from '../sync/drawings.js';
import { Live } from '../sync/live.js';
import { Loop } from '../sync/loop.js';
import { Outbox } from '../sync/outbox.js';
import { openPart } from '../sync/partial.js';
import { Server } from '../sync/server.js';
import { Tabs, Together } from '../sync/together.js';
import { verifyContent } from '../sync/verifying.js';
import { AttachmentFiles } from './attachment_files.js';
import * as care from './care.js';
import { openStorage } from './database.js';
import { Home } from './home.js';
import { newId } from './ids.js';
import { deviceStatus, scopeStatus } from './status.js';
import { Search } from './search.js';
import { past } from './past.js';
import * as rejected from './rejected.js';
import { Telling } from './telling.js';
import { undo } from './undo.js';

const PROOF = new Set(['repaired', 'mended', 'not_compared']);
const server = new Server();
let storage;
let home;
let loop;
let outbox;
let live;
let told;
let photos;
let search;
let room = { kind: 'browser', persisted: null, used_bytes: null, quota_bytes: null, encrypted: false }; // until it is measured
const together = new Together();
const tabs = new Tabs();
const coming = new Map(); // files on their way: scope → promise
let proof = null; // what a verify that is under way has found
let badge = { state: 'waiting', pending: 0, rejected: 0, problem: null };

const tell = (event, facts) => {
  if (event === 'change' && home.has(facts.scope)) search.changed(home.replica(facts.scope).database, facts.tables);
  self.postMessage({ event, facts });
};

// ---------------------------------------------------------------- what the loop tells

function heard(what, facts) {
  told.hear(what, facts);
  if (PROOF.has(what)) proof?.push({ what, ...facts });
  switch (what) {
    case 'badge':
      badge = facts;
      tell('status', status());
      if (badge.state === 'saved' || badge.state === 'rejected') photos.carry();
      break;
    case 'problem':
      tell('status', status());
      break;
    case 'need_login':
      outbox.sleep().catch((error) => tell('broken', { detail: String(error) }));
      tell(what, facts);
      break;
    case 'applied':
      outbox.follow(facts.scope);
      if (facts.tables.length) tell('change', facts);
      tell('status', status());
      break;
    case 'dropped':
      photos.dropped(facts.scope);
      tell('change', { scope: facts.scope, tables: [], live: false, dropped: true, unsent: facts.unsent });
      break;
    default:
      tell(what, facts);
  }
}

function heardOfPhotos(what, facts) {
  tell(what, facts);
  if (facts.waiting) tell('status', status());
}

function status() {
  const attachments = photos.waiting;
  return deviceStatus({ home, state: badge.state, told: told.read(), storage: room, attachments, now: Date.now() });
}

/** Ask the browser how much it keeps for us, and whether it may throw it away. */
async function measure() {
  const kind = storage.memory ? 'memory' : 'browser';
  const { usage = null, quota = null } = (await self.navigator.storage?.estimate?.()) ?? {};
  const persisted = storage.memory ? false : ((await self.navigator.storage?.persisted?.()) ?? null);
  room = { kind, persisted, used_bytes: usage, quota_bytes: quota, encrypted: false };
}

function begin() {
  loop?.stop();
  live?.stop();
  loop = new Loop(home, server, outbox, heard);
  live = new Live({
    onHint: (data) => loop.hinted(data),
    onSeen: (data) => together.hear(data, Date.now()) && tellPeople([data.scope]),
    onJob: (data) => tell('job', data),
    onOpen: () => loop.hear({ event: 'sync_asked' }),
    onClosed: () => tellPeople(together.lost()),
    onEnded: () => loop.hear({ event: 'sync_asked' }),
    subscriptions: () => home.scopes().map((scope) => ({ scope, cursor: home.replica(scope).cursor() })),
    present,
  });
  loop.start();
  keepOwn();
  if (home.scopes().length && self.navigator.onLine) live.start();
}

/** Whoever was not heard of goes at the latest when this tab's page says again where it is. */
function tellPeople(scopes) {
  for (const scope of scopes) tell('people', { scope, people: together.people(scope) });
}

function present() {
  const scopes = tabs.scopes().filter((scope) => home.has(scope));
  return scopes.map((scope) => [scope, tabs.shown(scope, Date.now())]);
}

/** The person's own scope is kept like a building, and asked for again with the next network where it did not come. */
async function keepOwn() {
  const scope = home.me() && `user:${home.me().id}`;
  if (!scope || home.has(scope) || !self.navigator.onLine) return;
  try {
    await methods.keep(scope);
  } catch (error) {
    if (!error.kind) tell('broken', { detail: String(error) });
  }
}

// ---------------------------------------------------------------- what pages ask

const methods = {
  async status() {
    await measure();
    return status();
  },
  clearNotices() {
    told.clear();
    tell('status', status());
  },

  async loggedIn(person) {
    server.owed = '';
    home.keep('logout_owed', '');
    if (home.me()?.id !== person.id) await outbox.empty(() => home.become(person));
    await home.prepare(madeBy);
    await outbox.adopt();
    begin();
    await loop.hear({ event: 'logged_in' });
    return status();
  },

  /** Here at once; on the server now or, without a network, before anything else is asked of it. */
  async loggedOut() {
    server.owed = server.csrf;
    home.keep('logout_owed', server.owed);
    await outbox.empty(() => home.become(null));
    await home.prepare(madeBy);
    await server.settle().catch(() => {}); // owed until the network is back
    home.keep('logout_owed', server.owed);
    begin();
    await measure();
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

  here: () => home.buildings().map((scope) => ({ id: scope, name: home.nameOf(scope) ?? 'A building' })),

  /** Bring a scope here. Who asks while it is on its way waits for the same file. */
  async keep(scope) {
    if (!home.has(scope)) {
      if (!coming.has(scope)) coming.set(scope, fetched(scope).finally(() => coming.delete(scope)));
      if (!(await coming.get(scope))) return null;
    }
    await measure();
    return scopeStatus(home.replica(scope), Date.now());
  },

  async remove(scope) {
    if (!home.has(scope)) return;
    if (home.replica(scope).pendingCount()) {
      throw Object.assign(new Error('unsent'), { code: 'restricted', detail: 'Work on this building is not sent yet.' });
    }
    if (await photos.unsent(scope)) {
      throw Object.assign(new Error('unsent'), { code: 'restricted', detail: 'Photos of this building are not sent yet.' });
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

  search: (scope, text) => search.find(home.replica(scope).database, text),

  record(scope, changes, reason, ask) {
    demandWriter();
    const key = home.replica(scope).record(changes, Date.now(), { reason, ask });
    changed(scope, [...new Set(changes.map((one) => one.table))]);
    return key;
  },

  /** A photo of a row, and what is recorded with it: its bytes are kept before its row is. */
  async attach(scope, given, beside, ask) {
    demandWriter();
    const changes = [await photos.change(scope, given.id ?? newId(), given), ...beside];
    const key = home.replica(scope).record(changes, Date.now(), { ask });
    changed(scope, [...new Set(changes.map((one) => one.table))]);
    await photos.count();
    return key;
  },
  photos: (scope, table, id) => photos.of(scope, table, id),
  photosTell: () => photos.tells(),
  photo: (scope, hash, whole) => photos.picture(scope, hash, whole),
  waitingFiles: () => photos.toSend(),
  drawing: (scope, hash, page) => photos.drawings.picture(scope, hash, page),

  conflicts(scope) {
    return home
      .replica(scope)
      .database.rows(`select * from conflict where state = 'open' order by created_at, id`)
      .map((row) => ({ ...row, base: parsed(row.base), kept: parsed(row.kept), other: parsed(row.other) }));
  },

  /** What became of a row, the last change first; without a network as it was told last. */
  history: (scope, table, id, next) => past(home.replica(scope), server, table, id, next),

  unsent: (scope) => care.unsent(home.replica(scope)),

  /** Take a transaction back: cancelled where it was not sent, set back by a new edit where it was. */
  async undo(scope, key, ask) {
    demandWriter();
    const done = await outbox.around(scope, () => undo(home.replica(scope), Date.now(), key, ask));
    if (done) changed(scope, done.tables);
    return done;
  },

  retry(scope, key, corrections, ask) {
    demandWriter();
    const made = rejected.retry(home.replica(scope), key, Date.now(), corrections, ask);
    changed(scope, home.replica(scope).tables);
    return made;
  },

  discard(scope, key) {
    rejected.discard(home.replica(scope), key);
    changed(scope, []);
  },

  /** Everything the server has not taken, as `arxos-device export-unsent` writes it. */
  exportUnsent() {
    const scopes = Object.fromEntries(home.scopes().map((scope) => [scope, care.unsent(home.replica(scope))]));
    return { server: self.location.origin, device: home.own.device, scopes, kept_aside: home.keptAside() };
  },
  keptAside: () => home.keptAside(),
  forgetKeptAside(key) {
    home.forgetKeptAside(key);
    tell('status', status());
  },

  sync: () => loop.hear({ event: 'sync_asked' }),

  /** Where a tab's person is in a building; null: not there any more. Answers who else is. */
  present(tab, scope, said) {
    tabs.say(tab, scope, said, Date.now());
    live.show();
    tellPeople(together.fade(Date.now()));
    return together.people(scope);
  },

  /** Prove that rows and values here are the server's; answers what was not: [{what, scope, table, rows, recorded}]. */
  async verify() {
    demandWriter();
    const found = [];
    proof = found;
    try {
      for (const scope of home.scopes()) care.recount(home.replica(scope));
      loop.verify = true;
      await loop.hear({ event: 'sync_asked' });
      await verifyContent(loop);
    } finally {
      proof = null;
    }
    for (const { scope, table } of found) tell('change', { scope, tables: [table], live: false });
    tell('status', status());
    return found;
  },
  online: (is) => {
    if (is) keepOwn();
    if (is && home.scopes().length) live.start();
    if (!is) live.stop();
    return loop.hear({ event: is ? 'online' : 'offline' });
  },
  export(scope) {
    home.replica(scope); // or the refusal that it is not on this device
    return storage.export(home.path(scope));
  },
};

function demandWriter() {
  if (!home.mayWrite()) {
    throw Object.assign(new Error('login'), { code: 'unauthenticated', detail: 'Log in to change something.' });
  }
}

/** The person changed rows: pages hear of it now, the server when it can. */
function changed(scope, tables) {
  tell('change', { scope, tables, live: false });
  outbox.follow(scope);
  loop.edited(scope).catch((error) => tell('broken', { detail: String(error) }));
}

/** A scope's file, kept and followed from now on. False where somebody else is here by the time it has come. */
async function fetched(scope) {
  const { name } = home;
  const bytes = await snapshot(scope);
  if (home.name !== name || home.has(scope)) return false;
  await home.putSnapshot(scope, bytes);
  await loop.hear({ event: 'subscribed', scope });
  if (live.wanted) live.subscribe();
  else live.start();
  return true;
}

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

/** The SQL of replica files, for those that an older app made. */
async function madeBy() {
  const answer = await fetch('/replica/replica.sql');
  if (!answer.ok) throw new Error(`/replica/replica.sql: ${answer.status}`);
  return answer.text();
}

/** Resolves when a tab has said hello: only pages can read the cookie that a push must repeat. */
// It also says what the browser can do: {devices, background}.
let greet;
const greeted = new Promise((resolve) => {
  greet = resolve;
});

async function start() {
  storage = await openStorage();
  search = new Search(() => new storage.sqlite3.oo1.DB(':memory:'));
  home = new Home(storage);
  await home.prepare(madeBy);
  told = new Telling(home);
  const asked = () => loop.hear({ event: 'sync_asked' });
  photos = new Photos({ home, files: await AttachmentFiles.open(storage.memory), server, tell: heardOfPhotos, asked });
  photos.drawings = new Drawings(photos);
  await photos.count();
  await measure();
  const { devices, background } = await greeted;
  home.remembered = devices;
  outbox = new Outbox(home, background && !storage.memory, () => tell('copied', {}));
  await outbox.adopt();
  server.owed = home.kept('logout_owed') ?? '';
  server.partOf = (scope) => openPart(`${home.name}.${scope}`, storage.memory);
  server.onSettled = () => home.keep('logout_owed', '');
  server.onPhotos = (tell) => photos.heed(tell);
  begin();
  tell('ready', status());
}

const started = start();
started.catch((error) => tell('broken', { detail: String(error), stack: error.stack }));

self.onmessage = async ({ data: { hello, id, method, args, csrf, devices, background } }) => {
  if (csrf) server.csrf = csrf;
  if (devices) greet({ devices, background });
  if (hello) return;
  try {
    await started;
    self.postMessage({ id, answer: await methods[method](...args) });
  } catch (error) {
    const { code = 'broken', detail = String(error), hint = '', field = null, kind = null } = error;
    self.postMessage({ id, problem: { code, detail, hint, field, kind } });
  }
};
