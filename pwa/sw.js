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
