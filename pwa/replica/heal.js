// What a replica offers to a server that was restored to an earlier moment (PROTOCOL.md §7). The mirror of
// arxos_sync/storage/replica_heal.py: `begin` writes down everything to offer, `following` hands it out, `take` hears
// the receipts, `finish` lets the scope be fetched anew. What a person sees is not touched meanwhile. What cannot be
// taken because a row or a parent has not come back yet is owed, and offered again when something moved.

import { PARENTS_FIRST, ROLES, TABLES } from '../core/catalogue.js';
import * as change from '../core/change.js';
import * as stamp from '../core/stamp.js';
import * as log from './log.js';
import { settleAll } from './lay.js';
import { serverKeys, serverRows } from './rows.js';
import { newNonce, wireChange } from './wire.js';

const SERVER = 'server';
const ROWS_PER_OFFER = 500;
const TRANSACTIONS_MAX = 1000;
const CHANGES_MAX = 5000;
const BYTES_MAX = 8 * 1024 * 1024;
const CLAIMED = new Set(['created_at', 'created_by', 'updated_at', 'updated_by', 'origin']);
const NOT_BACK_YET = new Set(['row_unknown', 'parent_unknown', 'parent_rejected']);
const NEVER = -1; // no sequence: whatever was pulled is news
const NEVER_WAS = '00000000-0000-7000-8000-000000000000';
const OWN = `select transaction_key from arxos_heal where kind = 'own'`;

const atLeast = (role, wanted) => wanted !== SERVER && ROLES.indexOf(role) >= ROLES.indexOf(wanted);
const read = (text) => (text ? JSON.parse(text) : null);
const text = (value) => (value ? JSON.stringify(value) : null);

export function marks(replica) {
  return replica.database.values('select sequence, salt from arxos_mark order by sequence');
}

/** {mark, cursor, prior, anew, taken, tried}, or null. */
export function underWay(replica) {
  return read(replica.state('healing'));
}

// ------------------------------------------------------------ begin

/** Write down what to offer. False where the server knows this device otherwise than it knows itself: fork first. */
export function begin(replica, mark, cursor, known, role, nowMs) {
  const { database } = replica;
  const healing = underWay(replica);
  if (healing?.anew && healing.cursor === cursor && (known?.n ?? 0) >= (healing.prior?.n ?? 0)) return true;
  const last = known?.n ?? 0;
  const mine = numberedAs(replica, last);
  if (last > Number(replica.state('n') ?? 0) || (mine && mine.nonce !== known.nonce)) return false;
  database.transaction(() => {
    const laid = database.values(`select key from arxos_change_log where sequence = 0 and key in (${OWN})`).flat();
    const owed = database.values(`select transaction_key from arxos_heal where kind = 'own' and state = 'owed'`).flat();
    database.run(
      `update arxos_change_log set sequence = (
         select formerly from arxos_heal where transaction_key = key and kind = 'own')
       where key in (${OWN})`,
    );
    database.run(`delete from arxos_heal where kind <> 'row' or state <> 'owed'`);
    awaitOwed(replica, true);
    const prior = sendAgain(replica, known);
    unnumber(replica, last);
    offerOwn(replica, last, mark, JSON.stringify(owed));
    offerRows(replica, mark, role, nowMs);
    close(database, mark, laid);
    database.run(`update arxos_change_log set base = min(base, ?) where state in ('pending', 'sent')`, [mark]);
    database.run('update arxos_writing set sequence = min(sequence, ?)', [mark]);
    replica.setState({ healing: text({ mark, cursor, prior, anew: true, taken: 0, tried: 0 }), known: text(prior) });
  });
  return true;
}

/**
 * What the rows hold already (`laid`: since a healing before) is no open edit while the cursor is back at the mark. What
 * the server still knows needs no offer.
 */
function close(database, mark, laid) {
  const held = `state = 'acknowledged' and (key in (select value from json_each(?))
    or sequence > ? and sequence <= (select sequence from arxos_writing))`;
  const given = [JSON.stringify(laid), mark];
  database.run(
    `insert into arxos_heal (kind, state, transaction_key, stamp, formerly, sequence, content)
     select 'own', 'taken', key, stamp, sequence, sequence, '[]'
     from arxos_change_log
     where ${held} and key not in (${OWN})`,
    given,
  );
  database.run(`update arxos_change_log set sequence = 0 where ${held}`, given);
}

function numberedAs(replica, n) {
  const nonce = replica.database.one('select nonce from arxos_change_log where n = ?', [n]);
  return nonce ? { n, nonce } : null;
}

/** What the server took and could not answer is sent again for its receipt. Answers what the offers follow. */
function sendAgain(replica, known) {
  const headers = replica.database.rows(
    `select key, n, nonce, stamp from arxos_change_log where state = 'sent' and n <= ? order by n`,
    [known?.n ?? 0],
  );
  if (!headers.length) return known;
  const made = log.assemble(replica.database, replica.kind, headers.map((one) => one.key).sort((a, b) => a - b));
  for (const one of headers) put(replica, 'again', made.get(one.key).map(wireChange), one);
  const [before, heard] = [headers[0].n - 1, replica.prior()];
  return heard?.n === before ? heard : numberedAs(replica, before); // an offer has no number in the log
}

/** Work that has no receipt is numbered after everything that is offered. */
function unnumber(replica, last) {
  replica.database.run(
    `update arxos_change_log set state = 'pending', n = null, nonce = null where state = 'sent' and n > ?`,
    [last],
  );
  const given = replica.database.one('select max(n) from arxos_heal') ?? 0;
  const settled = replica.database.one('select max(n) from arxos_change_log') ?? 0;
  replica.setState({ n: Math.max(last, given, settled) });
}

/** `owed`: what a healing before could not bring back. A number the server knows of it is that of its refusal. */
function offerOwn(replica, last, mark, owed) {
  replica.database.run(
    'update arxos_change_log set n = null, nonce = null where n <= ? and key in (select value from json_each(?))',
    [last, owed],
  );
  const headers = replica.database.rows(
    `select key, n, nonce, stamp, sequence as formerly from arxos_change_log
     where n > ? and state = 'acknowledged' and sequence > 0 order by n`,
    [last],
  );
  const keys = headers.map((one) => one.key).sort((a, b) => a - b);
  const made = keys.length ? log.assemble(replica.database, replica.kind, keys) : new Map();
  const byNumber = new Map(headers.map((one) => [one.n, one]));
  const table = replica.kind === 'building' ? 'element' : 'preference';
  const nothing = [{ table, id: NEVER_WAS, op: 'update', base: 0, set: { name: '' } }];
  for (let n = last + 1; n <= Number(replica.state('n') ?? 0); n += 1) {
    const own = byNumber.get(n);
    const changes = own ? made.get(own.key) : [];
    if (changes.length) put(replica, 'own', changes.map(wireChange), own);
    else {
      const nonce = numberedAs(replica, n)?.nonce ?? newNonce();
      put(replica, 'nothing', nothing, { n, nonce, stamp: stamp.form(0, 0, replica.device) });
    }
  }
  const unnumbered = replica.database.rows(
    `select key, stamp, sequence as formerly from arxos_change_log
     where n is null and state = 'acknowledged'
       and (sequence > ? or key in (select value from json_each(?)))
     order by key`,
    [mark, owed],
  );
  offerAcknowledged(replica, unnumbered); // sent before this was another device
}

/** Own work {key, stamp, formerly} that has no number under this device's id. */
function offerAcknowledged(replica, headers, state = 'waiting') {
  const made = headers.length ? log.assemble(replica.database, replica.kind, headers.map((one) => one.key)) : new Map();
  for (const one of headers) {
    const changes = made.get(one.key);
    if (changes.length) put(replica, 'own', changes.map(wireChange), { ...one, state });
  }
}

function offerRows(replica, mark, role, nowMs) {
  const written = stamp.form(nowMs, 0, replica.device);
  for (const name of PARENTS_FIRST[replica.kind]) {
    const table = TABLES[name];
    if (!atLeast(role, table.update) || (table.insert === SERVER && name !== 'conflict')) continue;
    const ids = serverKeys(replica, name).filter(([, sequence]) => sequence > mark).map(([id]) => id).sort();
    for (let at = 0; at < ids.length; at += ROWS_PER_OFFER) {
      const some = ids.slice(at, at + ROWS_PER_OFFER);
      const rows = serverRows(replica, some.map((id) => [name, id]));
      const changes = some
        .map((id) => [id, rows.get(`${name}/${id}`)])
        .filter(([, row]) => row && (name !== 'conflict' || row.state === 'open'))
        .map(([id, row]) => restored(table, id, row));
      if (changes.length) put(replica, 'row', changes, { stamp: written });
    }
  }
}

function restored(table, id, row) {
  const told = table.name === 'conflict';
  const empty = (name) => (row[name] ?? null) === null;
  const given = {};
  for (const [name, column] of Object.entries(table.columns)) {
    if (empty(name) || name === 'id' || name === 'sequence') continue;
    if (told || column.rule !== SERVER || CLAIMED.has(name)) given[name] = row[name];
  }
  for (const names of Object.values(table.groups)) {
    if (names.some((name) => name in given)) for (const name of names) given[name] = row[name] ?? null;
  }
  return { table: table.name, id, op: 'restore', set: change.toWire(given), formerly: row.sequence };
}

function put(replica, kind, changes, { key = null, n = null, nonce = null, stamp: written, formerly = null, state = 'waiting' }) {
  replica.database.run(
    `insert into arxos_heal (kind, state, transaction_key, n, nonce, stamp, formerly, content)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    [kind, state, key, n, nonce, written, formerly, JSON.stringify(changes)],
  );
}

/** Did the server lose what healed it, before the scope was fetched anew? The rows are still held, to be offered. */
export function lostAgain(replica, known) {
  const healing = underWay(replica);
  if (replica.cursor() !== null || healing) return replica.cursor() === null && healing.anew; // found before, and cut
  return Boolean(replica.database.one(`select 1 from arxos_heal where state = 'taken' and n > ?`, [known?.n ?? 0]));
}

/** The scope is out of reach, or needs no healing any more: what was not taken is owed. */
export function setAside(replica) {
  if (underWay(replica)) replica.database.transaction(() => asideWithin(replica));
}

function asideWithin(replica) {
  const { database } = replica;
  const healing = underWay(replica);
  database.run(`delete from arxos_heal where kind in ('again', 'nothing')`);
  if (healing?.anew) database.run(`delete from arxos_heal where kind = 'row' and state in ('waiting', 'sent')`); // still held
  database.run(`update arxos_heal set state = 'owed', n = null, nonce = null where state in ('waiting', 'sent')`);
  if (!healing) return;
  const owed = database.one(`select 1 from arxos_heal where state = 'owed'`);
  replica.setState({ healing: null, owing: owed ? text(healing) : null, owing_at: NEVER });
  numberOn(replica, healing.prior?.n ?? 0);
}

/** What has no receipt yet is numbered after what the server was heard to have. */
function numberOn(replica, last) {
  replica.database.run(`update arxos_change_log set n = null, nonce = null where n > ? and state <> 'sent'`, [last]);
  replica.setState({ n: Math.max(last, replica.database.one(`select max(n) from arxos_change_log where state = 'sent'`) ?? 0) });
}

/**
 * Another device goes on; within the caller's transaction. It owes too what a server acknowledged and what has not come
 * back yet: where the server has it all the same, it knows it by its stamp.
 */
export function fork(replica) {
  asideWithin(replica);
  const headers = replica.database.rows(
    `select key, stamp, sequence as formerly from arxos_change_log
     where state = 'acknowledged' and sequence > ?
       and key not in (select transaction_key from arxos_heal where kind = 'own')
     order by key`,
    [replica.sequence],
  );
  if (!headers.length) return;
  offerAcknowledged(replica, headers, 'owed');
  const owing = read(replica.state('owing')) ?? { mark: replica.sequence, cursor: replica.state('cursor'), prior: null };
  replica.setState({ owing: text(owing), owing_at: NEVER });
}

// ------------------------------------------------------------ offer

/** The next push, numbered for good: {healing, transactions}; none when all is offered that can be taken now. */
export function following(replica) {
  return replica.database.transaction(() => {
    const waiting = () => replica.database.one(`select count(*) from arxos_heal where state in ('waiting', 'sent')`);
    let healing = underWay(replica);
    if (!waiting() && healing.taken > healing.tried) {
      awaitOwed(replica);
      healing = { ...healing, tried: healing.taken };
      replica.setState({ healing: text(healing) });
    }
    return { healing, transactions: numbered(replica, healing) };
  });
}

function awaitOwed(replica, all = false) {
  replica.database.run(
    `update arxos_heal set state = 'waiting', n = null, nonce = null${all ? '' : ` where state = 'owed'`}`,
  );
}

function numbered(replica, healing) {
  const rows = replica.database.rows(
    `select o.place, o.n, o.nonce, o.stamp, o.formerly, o.content, h.reason from arxos_heal o
     left join arxos_change_log h on h.key = o.transaction_key
     where o.state in ('waiting', 'sent') order by o.n is null, o.n, o.place limit ? + 0`,
    [TRANSACTIONS_MAX],
  );
  const transactions = [];
  let last = Math.max(Number(replica.state('n') ?? 0), healing.prior?.n ?? 0);
  let count = 0;
  let size = 0;
  for (const row of rows) {
    const changes = JSON.parse(row.content);
    count += changes.length;
    size += row.content.length;
    if (transactions.length && (count > CHANGES_MAX || size > BYTES_MAX)) break;
    const n = row.n ?? (last += 1);
    const nonce = row.nonce ?? newNonce();
    replica.database.run(`update arxos_heal set state = 'sent', n = ?, nonce = ? where place = ?`, [n, nonce, row.place]);
    transactions.push({ n, nonce, stamp: row.stamp, changes, reason: row.reason, formerly: row.formerly });
  }
  replica.setState({ n: last });
  return transactions;
}

/** What became of a push. */
export function take(replica, receipts) {
  replica.applying(() => {
    const healing = underWay(replica);
    for (const receipt of receipts) {
      const row = replica.database.rows('select * from arxos_heal where n = ?', [receipt.n])[0];
      if (!row) continue;
      healing.prior = { n: receipt.n, nonce: row.nonce };
      if (row.kind === 'again') {
        replica.takeReceipts({ receipts: [receipt] });
        replica.database.run('delete from arxos_heal where place = ?', [row.place]);
      } else if (!receipt.problem) {
        healing.taken += 1;
        settled(replica, row, receipt.sequence);
      } else refused(replica, row, receipt);
    }
    replica.setState({ healing: text(healing), known: text(healing.prior) });
  });
}

function settled(replica, row, sequence) {
  replica.database.run(`update arxos_heal set state = 'taken', sequence = ? where place = ?`, [sequence, row.place]);
}

function refused(replica, row, receipt) {
  const changes = JSON.parse(row.content);
  if (row.kind === 'row' && changes.length > 1) {
    const middle = changes.length >> 1; // find the ones that cannot be taken
    put(replica, 'row', changes.slice(0, middle), { stamp: row.stamp });
    put(replica, 'row', changes.slice(middle), { stamp: row.stamp });
  } else if (row.kind !== 'nothing' && NOT_BACK_YET.has(receipt.problem.code)) {
    replica.database.run(`update arxos_heal set state = 'owed' where place = ?`, [row.place]);
    return;
  } else if (row.kind === 'own') {
    settleAll(replica, [row.transaction_key], 'rejected');
    replica.keepReceipt(row.transaction_key, receipt);
  }
  settled(replica, row, null);
}

// ------------------------------------------------------------ finish

/** All is offered: the scope may be fetched anew. Answers how many offers are owed. */
export function finish(replica) {
  return replica.applying(() => {
    const { database } = replica;
    const healing = underWay(replica);
    database.run(`delete from arxos_heal where state = 'taken' and sequence is null`);
    database.run(`update arxos_heal set content = '[]' where state = 'taken'`);
    number(database, 'sequence > 0'); // what is still laid over the rows stays there until the cursor passes it
    const owed = database.one(`select count(*) from arxos_heal where state <> 'taken'`);
    replica.setState({ healing: null, owing: owed ? text(healing) : null, owing_at: replica.sequence });
    if (healing.anew) {
      database.run('delete from arxos_mark where sequence > ?', [healing.mark]);
      database.run('delete from arxos_held');
      replica.setState({ cursor: null, cursor_paging: null, paging: null });
    }
    return owed;
  });
}

/** The scope was fetched: own work gets the numbers it has in this life. */
export function settle(replica) {
  const { database } = replica;
  if (underWay(replica) || !database.one(`select 1 from arxos_heal where state = 'taken'`)) return;
  replica.applying(() => {
    number(database, 'sequence = 0');
    database.run(
      `update arxos_change_log set sequence = min(sequence, (select sequence from arxos_writing))
       where key in (${OWN} and state = 'taken')`,
    ); // what a server still knew may have come to it after all, under another number than it had
    database.run(`delete from arxos_heal where state = 'taken'`);
  });
}

function number(database, which) {
  database.run(
    `update arxos_change_log
     set sequence = (select h.sequence from arxos_heal h where h.transaction_key = key and h.state = 'taken')
     where ${which} and state = 'acknowledged' and key in (
       select transaction_key from arxos_heal where kind = 'own' and state = 'taken')`,
  );
}

/** Offer again what is owed, now that the scope moved? Then `following` hands it out. */
export function tryOwed(replica) {
  const owing = read(replica.state('owing'));
  if (!owing || replica.sequence <= Number(replica.state('owing_at') ?? 0)) return false;
  if (replica.database.one(`select count(*) from arxos_change_log where state = 'sent'`)) return false;
  replica.database.transaction(() => {
    awaitOwed(replica);
    const healing = { ...owing, prior: replica.prior(), anew: false, taken: 0, tried: 0 };
    replica.setState({ healing: text(healing), owing: null });
  });
  return true;
}
