// The service worker: the app's own files are kept by their hashes, so that the app starts without a network.
// Data never passes here: /api, /ws, /schema and /healthz are the network's, the replica is the page's.

const LIST = '/precache.json';
const SHELL = '/index.html';
const NAME = 'arxos-files';
const LISTING = '/.precache'; // where a version keeps its own list, inside its cache
const NOT_OURS = /^\/(api|ws|schema|healthz|readyz|metrics|-)(\/|$)/;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => {
  if (event.data?.do === 'take over') self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || NOT_OURS.test(url.pathname)) return;
  if (event.request.mode === 'navigate') event.respondWith(shell(event.request));
  else event.respondWith(kept(event.request, url));
});

/** Files whose hash an older version has are copied, not fetched; one that cannot be had fails the install. */
async function install() {
  const answer = await fetch(LIST, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${LIST}: ${answer.status}`);
  const files = await answer.json();
  const cache = await caches.open(await nameOf(files));
  const old = await olderFiles();
  const queue = [...files];
  const fetchers = Array.from({ length: 6 }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await keep(cache, file, old);
  });
  await Promise.all(fetchers);
  await cache.put(LISTING, new Response(JSON.stringify(files)));
}

async function keep(cache, file, old) {
  const before = old.get(`${file.url} ${file.hash}`);
  const answer = (await before?.match(file.url)) ?? (await fetch(file.url, { cache: 'no-cache' }));
  if (!answer.ok) throw new Error(`${file.url}: ${answer.status}`);
  await cache.put(file.url, answer);
}

/** url and hash → the cache that holds it. */
async function olderFiles() {
  const found = new Map();
  for (const name of await ourCaches()) {
    const cache = await caches.open(name);
    const listing = await cache.match(LISTING);
    for (const file of listing ? await listing.json() : []) found.set(`${file.url} ${file.hash}`, cache);
  }
  return found;
}

async function activate() {
  const newest = await newestCache();
  for (const name of await ourCaches()) if (name !== newest) await caches.delete(name);
  await self.clients.claim();
}

async function ourCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(`${NAME}-`));
}

/** Names begin with the time of the install: the worker that activates is the one installed last. */
async function newestCache() {
  return (await ourCaches()).sort().at(-1);
}

async function nameOf(files) {
  const text = files.map((file) => `${file.url} ${file.hash}`).sort().join('\n');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const short = [...digest.slice(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${NAME}-${Date.now().toString().padStart(15, '0')}-${short}`;
}

async function shell(request) {
  return (await find(SHELL)) ?? fetch(request);
}

async function kept(request, url) {
  return (await find(url.pathname)) ?? fetch(request);
}
