// What the server hands out in place of sw.js while ARXOS_SERVICE_WORKER is off: the worker that ends the one before.
// A browser asks for a worker's script past that worker, whatever it does to pages. Files of the app go from the cache;
// replicas, what people recorded in them and the copies of it (sync/outbox.js) lie elsewhere and stay; only pages send
// from now on. Open pages are left alone: nobody loses what they type, and the next start comes from the network. All
// of it is done while installing: a worker that is stuck in an event lets no other one become active.

self.addEventListener('install', (event) => event.waitUntil(retire()));

async function retire() {
  for (const name of await caches.keys()) if (name.startsWith('arxos-files-')) await caches.delete(name);
  self.registration.unregister(); // done once this is installed: waiting for it here would be waiting for oneself
}
