// What the server asks of a replica beside edits and pages: forks, starting over, proof; and what is read of its log. The
// mirror of arxos_sync/storage/replica_care.py. Each function is one database transaction; nothing here speaks to a server.

import * as digest from '../core/digest.js';
import * as stamp from '../core/stamp.js';
import * as heal from './heal.js';
import { layAgain } from './lay.js';
import * as log from './log.js';
import { serverKeys, serverRows } from './rows.js';
import { wireChange } from './wire.js';

const LOG_KEPT_DAYS = 30; // acknowledged transactions kept on a device
const DAY_MS = 86_400_000;

/** Transactions that wait or were rejected, oldest first: {key, state, stamp, n, receipt, changes}. */
export function unsent(replica) {
  const headers = replica.database.rows(
    `select h.key, h.state, h.stamp, h.reason, h.n, r.receipt from arxos_change_log h
     left join arxos_receipt r on r.transaction_key = h.key
     where h.state in ('pending', 'sent', 'rejected') order by h.key`,
  );
  if (!headers.length) return [];
  const made = log.assemble(replica.database, replica.kind, headers.map((header) => header.key));
  return headers.map((header) => ({
    ...header,
    receipt: header.receipt ? JSON.parse(header.receipt) : null,
    changes: made.get(header.key).map(wireChange),
  }));
}

/** Forget the cursor; the next pull brings everything anew, under pending edits. */
export function startOver(replica) {
  replica.applying(() => {
    replica.database.run('delete from arxos_held');
    replica.setState({ cursor: null, cursor_paging: null, paging: null });
  });
}

/** Become another device: what is unsettled is pending again, unnumbered. Answers how much that is. */
export function fork(replica, device) {
  const { database } = replica;
  return database.transaction(() => {
    heal.fork(replica);
    database.run(
      `update arxos_change_log set n = null, nonce = null where state in ('acknowledged', 'rejected', 'discarded')`,
    );
    const count = database.run(
      `update arxos_change_log set state = 'pending', n = null, nonce = null where state in ('pending', 'sent')`,
    );
    replica.setState({ device, n: 0, known: null });
    database.run('update arxos_writing set tail = ?', [device.slice(-8)]);
    return count;
  });
}

/** No row was ever pulled into it nor recorded in it. */
export function isEmpty(replica) {
  if (replica.state('cursor') !== null || replica.database.one('select 1 from arxos_change_log limit 1')) return false;
  return !replica.tables.some((table) => replica.database.one(`select 1 from "${table}" limit 1`));
}

/**
 * The server knows less of this device than it acknowledged: send again from there. Numbers stay where they go on
 * without a gap; where some are gone, what waits is numbered anew.
 */
export function rewind(replica, known) {
  const last = known?.n ?? 0;
  const { database } = replica;
  replica.applying(() => {
    const again = database.values(`select key from arxos_change_log where n > ? and state = 'acknowledged'`, [last]);
    const rows = log.touched(database, replica.kind, again.map(([key]) => key));
    const server = serverRows(replica, rows);
    database.run(`update arxos_change_log set state = 'sent' where n > ? and state = 'acknowledged'`, [last]);
    layAgain(replica, rows, server);
    let numbers = database.values(`select n from arxos_change_log where n > ? and state = 'sent' order by n`, [last]);
    if (numbers.some(([n], index) => n !== last + 1 + index)) {
      database.run(`update arxos_change_log set state = 'pending' where n > ? and state = 'sent'`, [last]);
      database.run('update arxos_change_log set n = null, nonce = null where n > ?', [last]);
      numbers = [];
    }
    database.run(
      `update arxos_change_log set n = null, nonce = null where n > ? and state in ('rejected', 'discarded')`,
      [last],
    );
    replica.setState({ known: known ? JSON.stringify(known) : null, n: last + numbers.length });
  });
}

/**
 * How many transactions the server has of this device in a replica that remembers none; 0 in health. What was here is
 * gone, or it is an early copy of a device that works on: either way it becomes another device.
 */
export function forgotten(replica, known) {
  return known && !replica.prior() && !Number(replica.state('n') ?? 0) ? known.n : 0;
}

/** The device's last transaction of this scope, told to a file that does not have it. */
export function goOnAfter(replica, known) {
  replica.setState({ n: known.n, known: JSON.stringify(known) });
}

/** Forget acknowledged and discarded transactions older than LOG_KEPT_DAYS. Answers how many. */
export function prune(replica, nowMs) {
  const before = [stamp.form(Math.max(0, nowMs - LOG_KEPT_DAYS * DAY_MS), 0, replica.device)];
  const old = `(
    select key from arxos_change_log
    where state in ('acknowledged', 'discarded') and stamp < ?
      and coalesce(sequence, 0) <= (select sequence from arxos_writing))`;
  return replica.applying(() => {
    for (const table of replica.tables) {
      replica.database.run(`delete from "arxos_log_${table}" where transaction_key in ${old}`, before);
    }
    replica.database.run(`delete from arxos_receipt where transaction_key in ${old}`, before);
    return replica.database.run(`delete from arxos_change_log where key in ${old}`, before);
  });
}

// ------------------------------------------------------------ proof

/** The digests worked out afresh from the rows; kept, and answered. */
export function recount(replica) {
  return replica.applying(() => {
    const sums = replica.tables.map((table) => [table, digest.toHex(digest.total(table, serverKeys(replica, table)))]);
    replica.database.run('delete from arxos_digest');
    for (const sum of sums) replica.database.run('insert into arxos_digest (table_name, sum) values (?, ?)', sum);
    return Object.fromEntries(sums);
  });
}

export function differingLeaves(replica, table, theirs) {
  const mine = digest.leaves(table, serverKeys(replica, table));
  return theirs.map((sum, leaf) => [sum, leaf]).filter(([sum, leaf]) => digest.toHex(mine[leaf]) !== sum).map(([, leaf]) => leaf);
}
