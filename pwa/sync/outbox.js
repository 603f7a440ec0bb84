// What waits to be sent, copied to where the service worker can read it: that cannot open the files of a replica. The
// browser wakes it (`sync` in pwa/sw.js) when a network comes and no page of the app is open, and it sends the copy.
// Photos and files are not sent that way: their bytes lie with the replica, and go when a page is open.
//
// A copy lags behind the replica's file, and must be harmless both ways:
//   1. Who leads holds the Web Lock of the files, and the service worker sends only while it has that lock itself. So
//      it sends beside no page; what a page that just closed had on its way has the same numbers as the copy.
//   2. Whatever takes a transaction back is done while no copy is about (`around`, `empty`): what was undone is not sent.
//   3. Numbers in a copy are proposals. Until the service worker has written `tried` into it, right before it sends,
//      a transaction of the replica that was not sent stays one, so it can still be undone. What was tried goes under
//      its number and nonce from the next start on (`adopt`), and is sent again: the server repeats its receipts. What
//      a page sends itself goes under those of the copy too (`number`): no number is ever given twice.
//   4. A copy names its person. The service worker asks the server who is logged in, and sends that person's alone.
// Receipts are laid by the replica only, so nothing is shown as saved on the service worker's word.

import { SCHEMA } from '../core/catalogue.js';
import { underWay } from '../replica/heal.js';
import { newNonce, wireChange } from '../replica/wire.js';

const NAME = 'arxos-outbox'; // as pwa/sw.js opens it
const STORE = 'waiting';
const COPIED_AFTER_MS = 100; // of several edits the copy is made once; one sent at once needs none

export class Outbox {
  /** `wanted`: the browser has background sync. `copied` hears that something lies ready for it. */
  constructor(home, wanted, copied) {
    Object.assign(this, { home, wanted, copied });
    this.held = new Map(); // of this person: scope → the transactions of its copy
    this.due = new Set();
    this.last = Promise.resolve();
    this.asleep = false; // the login has ended: nobody could send it
  }

  /** What waits in a scope has changed, or may have. */
  follow(scope) {
    if (!this.wanted || this.due.has(scope)) return;
    this.due.add(scope);
    setTimeout(() => {
      this.due.delete(scope);
      this.inTurn(() => this.copy(scope)).catch((error) => this.giveUp(error));
    }, COPIED_AFTER_MS);
  }

  /** A page is about to send: what has a copy goes under the copy's numbers. */
  number(scope) {
    if (this.held.has(scope)) this.home.replica(scope).numberAs(this.held.get(scope));
  }

  /** Do what takes transactions of a scope back, with no copy about. */
  async around(scope, work) {
    if (!this.wanted) return work();
    return this.inTurn(async () => {
      const had = this.held.has(scope);
      await this.drop(scope);
      try {
        return work();
      } finally {
        if (had) await this.copy(scope).catch((error) => this.giveUp(error)); // a page may end at any moment
      }
    });
  }

  /** The same for all that this person has here. */
  async empty(work = () => {}) {
    if (!this.wanted) return work();
    return this.inTurn(async () => {
      for (const scope of this.held.keys()) await this.drop(scope);
      return work();
    });
  }

  /** The login is over until somebody logs in. */
  sleep() {
    this.asleep = true;
    return this.empty();
  }

  /** Before anything else is done with the files of whoever is here: what was tried without them is theirs to know. */
  async adopt() {
    this.asleep = false;
    if (!this.wanted) return;
    await this.inTurn(async () => {
      const copies = await asked('readonly', (store) => store.getAll()).catch((error) => this.giveUp(error));
      for (const copy of copies ?? []) if (copy.person === this.home.name) await this.take(copy);
    });
    for (const scope of this.home.scopes()) this.follow(scope);
  }

  /** A copy whose file a browser has lost is the last of that work: what was not sent of it is kept aside. */
  async take(copy) {
    this.held.set(copy.scope, copy.transactions);
    if (this.home.scopes().includes(copy.scope)) {
      if (copy.tried) this.home.replica(copy.scope).numberAs(copy.transactions);
    } else if (!this.home.has(copy.scope)) {
      if (!copy.sent) this.home.setAside(copy.scope, null, copy.transactions);
      await this.drop(copy.scope);
    }
  }

  // ------------------------------------------------------------ copies

  inTurn(work) {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  async copy(scope) {
    const made = this.made(scope);
    if (!made) return this.drop(scope);
    this.held.set(scope, made.transactions);
    await asked('readwrite', (store) => store.put(made));
    return this.copied();
  }

  made(scope) {
    const { home } = this;
    if (this.asleep || !home.mayWrite() || !home.scopes().includes(scope)) return null;
    const replica = home.replica(scope);
    if (underWay(replica)) return null; // numbers go to what is offered to a restored server first
    const { headers, changes, vain, last, changesMax } = replica.waiting();
    const nonces = new Map(this.held.get(scope)?.map(({ key, nonce }) => [key, nonce]));
    const transactions = ahead(headers, changes, { vain, last, changesMax, nonces });
    if (!transactions.length) return null;
    const from = { cursor: replica.cursor(), prior: replica.prior() };
    const whose = { person: home.name, scope, device: home.device(), schema: SCHEMA };
    return { ...whose, ...from, transactions, tried: false, sent: false };
  }

  async drop(scope) {
    if (!this.held.has(scope)) return;
    await asked('readwrite', (store) => store.delete([this.home.name, scope])).catch((error) => this.giveUp(error));
    this.held.delete(scope);
  }

  /** A browser whose IndexedDB fails goes on as one that has no background sync: nothing else may fail of it. */
  giveUp(error) {
    console.info('nothing is sent in the background', error);
    this.wanted = false;
    self.indexedDB?.deleteDatabase(NAME);
  }
}

/**
 * What would be sent now, numbered as it would be: [{key, n, nonce, stamp, reason, changes}]. `headers` are [key, stamp,
 * reason, n, nonce] in their order, `changes` a Map of key → changes, `vain` a Map of table → ids of rows that came and
 * went unsent: nothing of them is sent, and where they share a transaction with others, it and all after it wait for a
 * page, since only the replica's own file can take them out of it. `nonces`: by key, what a copy before had.
 */
export function ahead(headers, changes, { vain, last: given, changesMax, nonces = new Map() }) {
  const transactions = [];
  let last = given;
  let count = 0;
  for (const [key, stamp, reason, number, told] of headers) {
    const all = changes.get(key);
    const lost = number === null ? all.filter((one) => vain.get(one.table)?.includes(one.id)).length : 0;
    if (lost === all.length) continue;
    count += all.length;
    if (lost || (count > changesMax && count > all.length)) break;
    const n = number ?? (last += 1);
    const nonce = told ?? nonces.get(key) ?? newNonce();
    transactions.push({ key, n, nonce, stamp, reason, changes: all.map(wireChange) });
  }
  return transactions;
}

let opened;

/** One transaction on the store; resolves with its answer when it is on the disk. */
async function asked(mode, ask) {
  opened ??= open();
  const database = await opened;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const request = ask(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ['person', 'scope'] });
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}
