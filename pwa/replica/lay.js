// Laying server rows under open edits: the heart of applying. The mirror of arxos_sync/storage/replica_lay.py.
//
// What comes is a Map by table/id of {table, id, sequence, values}, `values` null where the row is gone. All within the
// caller's transaction, with capture off.

import * as apply from '../core/apply.js';
import { TABLES } from '../core/catalogue.js';
import * as change from '../core/change.js';
import * as digest from '../core/digest.js';
import * as log from './log.js';
import { byTable, editedIds, keyOf, serverKeys, serverRows, shownRows } from './rows.js';
import { natives, toNative } from './values.js';
import { write } from './write.js';

/** What an answer did here. */
export const applied = (facts = {}) => ({ rows: 0, receipts: 0, rejected: 0, tables: new Set(), ...facts });

/** `whole`: all that is not among them is gone. `complete`: what a row does not name is empty there. */
export function incoming(replica, rows, whole, complete = whole) {
  const found = new Map();
  for (const row of rows) {
    if (!replica.tables.includes(row.table)) continue;
    const key = keyOf(row.table, row.id);
    let values = null;
    if (!row.deleted) {
      const former = complete ? emptyRow(row.table) : (found.get(key)?.values ?? {});
      values = { ...former, ...change.fromRowOut(row.table, row.set ?? {}) };
      delete values.id;
    }
    found.set(key, { table: row.table, id: row.id, sequence: row.sequence, values });
  }
  if (whole) for (const table of replica.tables) dropOthers(replica, table, found);
  return found;
}

/** What the server holds of a table and `found` does not name is gone; of some leaves where `among` says so. */
export function dropOthers(replica, table, found, among = () => true) {
  for (const [id] of serverKeys(replica, table)) {
    const key = keyOf(table, id);
    if (among(id) && !found.has(key)) found.set(key, { table, id, sequence: 0, values: null });
  }
}

function emptyRow(table) {
  const names = Object.keys(TABLES[table].columns).filter((name) => name !== 'id' && name !== 'sequence');
  return Object.fromEntries(names.map((name) => [name, null]));
}

/** Put server rows under open edits, and take settled edits off. */
export function lay(replica, come, { head = null, settle = [], settleAs = 'rejected', done = applied() } = {}) {
  const { database, kind } = replica;
  const passed = database
    .values(`select key from arxos_change_log where state = 'acknowledged' and sequence > ? and sequence <= ?`, [
      replica.sequence,
      head ?? replica.sequence,
    ])
    .map(([key]) => key);
  const edited = new Map();
  const noted = [...log.touched(database, kind, [...passed, ...settle]), ...underEdits(replica, come)];
  for (const [table, id] of noted) edited.set(keyOf(table, id), [table, id]);
  const server = serverRows(replica, [...edited.values()]);
  settleAll(replica, settle, settleAs);
  if (head !== null) database.run('update arxos_writing set sequence = ?', [head]);
  layClean(replica, [...come.values()].filter((one) => !edited.has(keyOf(one.table, one.id))));
  layEdited(replica, [...edited.values()], server, come);
  for (const one of come.values()) done.tables.add(one.table);
  for (const [table] of edited.values()) done.tables.add(table);
  done.rows += come.size;
  return done;
}

/** Edits of those rows [table, id] are open again: put them over what the server holds. */
export function layAgain(replica, rows, server) {
  layEdited(replica, rows, server, new Map());
}

export function settleAll(replica, keys, state) {
  if (!keys.length) return;
  replica.database.run(
    `update arxos_change_log set state = ?, settled_after = (select max(key) from arxos_change_log)
     where key in (select value from json_each(?))`,
    [state, JSON.stringify(keys)],
  );
}

function underEdits(replica, come) {
  const found = [];
  for (const [table, ids] of byTable([...come.values()].map((one) => [one.table, one.id]))) {
    const wanted = new Set(ids);
    for (const id of editedIds(replica, table)) if (wanted.has(id)) found.push([table, id]);
  }
  return found;
}

function layClean(replica, rows) {
  for (const [table, some] of tablesOf(rows)) {
    const wanted = JSON.stringify(some.map((one) => one.id));
    const before = new Map(
      replica.database.values(`select id, sequence from "${table}" where id in (select value from json_each(?))`, [wanted]),
    );
    const told = some.filter((one) => one.values !== null);
    const rowOf = ({ id, values, sequence }) => [id, natives(TABLES[table], { ...values, sequence })];
    write(replica, table, {
      updates: told.filter((one) => before.has(one.id)).map(rowOf),
      inserts: told.filter((one) => !before.has(one.id)).map(rowOf),
      gone: some.filter((one) => one.values === null && before.has(one.id)).map((one) => one.id),
    });
    count(replica, table, some.map((one) => [one.id, before.get(one.id) ?? null, one.values === null ? null : one.sequence]));
  }
}

function tablesOf(rows) {
  const found = new Map();
  for (const one of rows) {
    if (!found.has(one.table)) found.set(one.table, []);
    found.get(one.table).push(one);
  }
  return found;
}

function layEdited(replica, edited, server, come) {
  for (const [table, ids] of byTable(edited)) {
    const entries = log.openEntries(replica.database, table, ids);
    const shown = shownRows(replica, table, ids);
    const updates = [], inserts = [], gone = [], shades = [], moves = [];
    for (const id of ids) {
      const before = server.get(keyOf(table, id)) ?? null;
      const told = come.get(keyOf(table, id));
      let now = before;
      if (told) now = told.values === null ? null : { ...(before ?? {}), ...told.values, sequence: told.sequence };
      moves.push([id, before?.sequence ?? null, now?.sequence ?? null]);
      const rest = entries.get(id) ?? [];
      const row = apply.shownRow(TABLES[table], now, rest, shown.get(id) ?? null);
      if (row === null) gone.push(id);
      else if (shown.has(id)) updates.push([id, differing(TABLES[table], row, shown.get(id))]);
      else inserts.push([id, natives(TABLES[table], withoutId(row))]);
      if (rest.length) shades.push([id, now]);
    }
    write(replica, table, { updates, inserts, gone });
    shade(replica, table, ids, shades);
    count(replica, table, moves);
  }
}

const withoutId = ({ id: _, ...row }) => row;

/** Of a row that is shown already only what differs is written, so that its indexes rest. */
function differing(table, row, shown) {
  const names = Object.keys(shown).filter((name) => !same(table.columns[name], row[name] ?? null, shown[name]));
  return natives(table, Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
}

function same(column, now, before) {
  if (now === before) return true;
  if (typeof now !== 'object' || typeof before !== 'object' || now === null || before === null) return false;
  if (now instanceof Uint8Array && before instanceof Uint8Array) {
    return now.length === before.length && now.every((byte, at) => byte === before[at]);
  }
  return toNative(column, now) === toNative(column, before);
}

/** Keep what the server holds of these rows beside them, and of no others among `ids`. */
function shade(replica, table, ids, rows) {
  replica.database.run(
    'delete from arxos_shadow where table_name = ? and id in (select value from json_each(?))',
    [table, JSON.stringify(ids)],
  );
  const kept = rows.flatMap(([id, row]) => [
    [table, id, '', row === null ? 0 : 1],
    ...Object.entries(natives(TABLES[table], row ?? {}))
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [table, id, name, value]),
  ]);
  replica.database.many('insert into arxos_shadow (table_name, id, column_name, value) values (?, ?, ?, ?)', kept);
}

/** Keep the table's digest: per row, its sequence on the server before and now. */
function count(replica, table, moves) {
  let by = 0n;
  for (const [id, before, now] of moves) {
    if (before) by -= digest.rowHash(table, id, before);
    if (now) by += digest.rowHash(table, id, now);
  }
  if (by === 0n) return;
  const total = BigInt(`0x${replica.database.one('select sum from arxos_digest where table_name = ?', [table]) ?? '0'}`);
  replica.database.run(
    `insert into arxos_digest (table_name, sum) values (?, ?)
     on conflict (table_name) do update set sum = excluded.sum`,
    [table, digest.toHex(total + by)],
  );
}
