// The service worker: the app's own files are kept by their hashes, so that the app starts without a network.
// Data never passes here: /api, /ws, /schema and /healthz are the network's, the replica is the page's.
// The page registers /sw.js?<version>, the hash of the list of files (view/update.js): another list is another
// worker with a cache of its own, and the running one goes on with the files it began with.

const VERSION = location.search.slice(1);
const PREFIX = 'arxos-files-';
const NAME = PREFIX + VERSION;
const LIST = '/precache.json';
const SHELL = '/index.html';
const FETCHES_AT_ONCE = 6;
const WAITING = 'arxos-waiting';
const OUTBOX = ['arxos-outbox', 'waiting'];
const SENDING_MS_MAX = 60_000;
const NOT_OURS = /^\/(api|admin|ws|schema|healthz|readyz|metrics|-|precache\.json)(\/|$)/;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => {
  if (event.data?.do === 'take over') self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || NOT_OURS.test(url.pathname)) return;
  if (event.request.mode === 'navigate') event.respondWith(kept(SHELL, event.request));
  else event.respondWith(kept(url.pathname, event.request));
});

self.addEventListener('sync', (event) => {
  if (event.tag === WAITING) event.waitUntil(sent());
});

self.addEventListener('push', (event) => event.waitUntil(shown(event.data.json())));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(opened(event.notification.data));
});

/** What the server has put in the person's inbox (server/notifications/pushing.py); once, however often it comes. */
function shown({ id, title, body, link }) {
  return self.registration.showNotification(title, { body, tag: id, icon: '/icons/arxos-192.png', data: { link, id } });
}

/** In a window that is open, else in a new one; only a page of this app. Either marks the notice read. */
async function opened({ link, id }) {
  const page = link.startsWith('/') && !link.startsWith('//') ? link : '/inbox';
  const [window] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!window) return self.clients.openWindow(`${page}#read=${id}`);
  window.postMessage({ do: 'open', link: page, id });
  return window.focus().catch(() => null); // a browser may keep its window behind others: the page is there
}

async function kept(path, request) {
  return (await caches.match(path, { cacheName: NAME })) ?? fetch(request);
}

/** Files an older version has under the same hash are copied; one that cannot be had fails the install. */
async function install() {
  const answer = await fetch(LIST, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${LIST}: ${answer.status}`);
  const files = await answer.json();
  const cache = await caches.open(NAME);
  const old = await olderFiles();
  const queue = [...files];
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await keep(cache, file, old);
  }));
  await cache.put(LIST, new Response(JSON.stringify(files)));
}

async function keep(cache, file, old) {
  const before = await old.get(`${file.url} ${file.hash}`)?.match(file.url);
  const answer = before ?? (await fetch(file.url, { cache: 'no-cache' }));
  if (!answer.ok) throw new Error(`${file.url}: ${answer.status}`);
  await cache.put(file.url, answer);
}

/** "url hash" → the cache that holds it. */
async function olderFiles() {
  const found = new Map();
  for (const name of await otherCaches()) {
    const cache = await caches.open(name);
    const list = await cache.match(LIST);
    for (const file of list ? await list.json() : []) found.set(`${file.url} ${file.hash}`, cache);
  }
  return found;
}

async function activate() {
  for (const name of await otherCaches()) await caches.delete(name);
  await self.clients.claim();
}

async function otherCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
}

// ---------------------------------------------------------------- what waits is sent with no page open

/**
 * Send the copies that sync/outbox.js keeps. Who leads holds the lock and sends by itself; a page that opens meanwhile
 * asks over the channel, and this gives way. Throws where the browser is to try again later.
 */
async function sent() {
  const giveWay = new AbortController();
  const pages = new BroadcastChannel('arxos');
  pages.onmessage = ({ data }) => data.question && giveWay.abort();
  try {
    const waits = (await copies()).length > 0;
    const signal = AbortSignal.any([giveWay.signal, AbortSignal.timeout(SENDING_MS_MAX)]);
    if (waits) await navigator.locks.request('arxos-files', { ifAvailable: true }, (lock) => sendAll(lock, signal));
  } catch (error) {
    if (!giveWay.signal.aborted) throw error;
  } finally {
    pages.close();
  }
}

async function sendAll(lock, signal) {
  if (!lock) throw new Error('a page is open: should it leave something, try again');
  const person = await whoIsHere(signal);
  for (const copy of await copies()) {
    if (!person && !copy.tried) await inOutbox('readwrite', (store) => store.delete([copy.person, copy.scope]));
    if (copy.person === person && !copy.sent) await send(copy, signal);
  }
}

/** The id of whoever the cookies are; null where the login is over. */
async function whoIsHere(signal) {
  let answer = await fetch('/api/v1/me', { cache: 'no-store', signal });
  if (answer.status === 401) {
    const renewed = await post('/api/v1/auth/refresh', {}, signal);
    if (renewed.status === 401) return null;
    answer = await fetch('/api/v1/me', { cache: 'no-store', signal });
  }
  if (!answer.ok) throw new Error(`/api/v1/me: ${answer.status}`);
  return (await answer.json()).id;
}

/** Rows are the page's to fetch: one a page is as few as can be asked for. */
async function send(copy, signal) {
  const { scope, device, schema, cursor, prior } = copy;
  const transactions = copy.transactions.map(({ key: _, ...rest }) => rest);
  const now = `${Date.now().toString(16).padStart(12, '0')}-0000-${device.slice(-8)}`;
  const asked = { protocol: 1, schema, device, sent_at: now, max_rows: 1 };
  const tried = { ...copy, tried: true };
  await inOutbox('readwrite', (store) => store.put(tried));
  const scopes = [{ scope, cursor, prior, rows: true, transactions }];
  const answer = await post('/api/v1/sync', { ...asked, scopes }, signal);
  if (answer.status >= 500 || answer.status === 429) throw new Error(`/api/v1/sync: ${answer.status}`);
  const [told] = answer.ok ? (await answer.json()).scopes : [];
  if (told?.state === 'ok') await inOutbox('readwrite', (store) => store.put({ ...tried, sent: true }));
}

/** The cookie that is repeated is read anew: should somebody else log in between, the server refuses. */
async function post(path, body, signal) {
  const csrf = (await cookieStore.get('arxos_csrf'))?.value ?? '';
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': csrf };
  return fetch(path, { method: 'POST', headers, body: JSON.stringify(body), cache: 'no-store', signal });
}

const copies = () => inOutbox('readonly', (store) => store.getAll());

/** One transaction on the outbox; one that no page has made yet is empty. */
async function inOutbox(mode, ask) {
  const [name, waiting] = OUTBOX;
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(waiting, { keyPath: ['person', 'scope'] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(waiting, mode, { durability: 'strict' });
      const request = ask(transaction.objectStore(waiting));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
