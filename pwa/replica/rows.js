// Rows of a replica: as they are shown, and as the server holds them under open edits. The mirror of
// arxos_sync/storage/replica_rows.py.

import * as apply from '../core/apply.js';
import { TABLES } from '../core/catalogue.js';
import * as log from './log.js';
import { toInner } from './values.js';

export const namesOf = (columns) => columns.map((name) => `"${name}"`).join(', ');
export const marksOf = (columns) => columns.map(() => '?').join(', ');
export const keyOf = (table, id) => `${table}/${id}`;

/** Rows of a table as they are shown, by id: every column but `id`, as inner values. */
export function shownRows(replica, table, ids) {
  const columns = Object.values(TABLES[table].columns).filter((column) => column.name !== 'id');
  const found = replica.database.values(
    `select id, ${namesOf(columns.map((c) => c.name))} from "${table}" where id in (select value from json_each(?))`,
    [JSON.stringify(ids)],
  );
  return new Map(
    found.map(([id, ...values]) => [
      id,
      Object.fromEntries(columns.map((column, index) => [column.name, toInner(column, values[index])])),
    ]),
  );
}

/** The rows [table, id] as the server holds them, as far as heard: by table/id, null where there is none. */
export function serverRows(replica, keys) {
  const found = new Map();
  for (const [table, ids] of byTable(keys)) {
    const shown = shownRows(replica, table, ids);
    const entries = log.openEntries(replica.database, table, ids);
    const shadows = shadowsOf(replica, table, ids);
    for (const id of ids) {
      const known = shadows.has(id) ? shadows.get(id) : apply.serverRow(shown.get(id) ?? null, entries.get(id) ?? []);
      found.set(keyOf(table, id), known);
    }
  }
  return found;
}

function shadowsOf(replica, table, ids) {
  const rows = replica.database.values(
    `select id, column_name, value from arxos_shadow
     where table_name = ? and id in (select value from json_each(?))`,
    [table, JSON.stringify(ids)],
  );
  const found = new Map(rows.filter(([, name]) => name === '').map(([id, , value]) => [id, value ? {} : null]));
  for (const [id, name, value] of rows) {
    const column = TABLES[table].columns[name];
    if (column && found.get(id)) found.get(id)[name] = toInner(column, value);
  }
  return found;
}

/** The rows of a table that an open edit touches. */
export function editedIds(replica, table) {
  return replica.database
    .values(
      `select distinct l.id from "arxos_log_${table}" l
       join arxos_change_log h on h.key = l.transaction_key where ${log.OPEN}`,
    )
    .map(([id]) => id);
}

/** [id, sequence] of every row of the table that the server holds, as far as heard. */
export function serverKeys(replica, table) {
  const edited = new Set(editedIds(replica, table));
  const clean = replica.database
    .values(`select id, sequence from "${table}" where sequence is not null`)
    .filter(([id]) => !edited.has(id));
  const under = [...serverRows(replica, [...edited].map((id) => [table, id])).entries()]
    .filter(([, row]) => row?.sequence)
    .map(([key, row]) => [key.slice(table.length + 1), row.sequence]);
  return [...clean, ...under];
}

/** [table, ids] of keys [table, id]. */
export function byTable(keys) {
  const found = new Map();
  for (const [table, id] of keys) {
    if (!found.has(table)) found.set(table, []);
    found.get(table).push(id);
  }
  return found;
}
