// Reading a replica's change log: captured edits as entries, pending transactions as what is pushed.
// The same statements as arxos_sync/storage/replica_log.py; the triggers in the file write what is read here.

import { TABLES } from '../core/catalogue.js';
import * as apply from '../core/apply.js';
import { toInner } from './values.js';

const SERVER = 'server';
export const CASCADE = 'cascade'; // in `changed` of a delete: it went with its parent, and is not sent
export const OPEN = `(h.state in ('pending', 'sent') or h.state = 'acknowledged'
  and h.sequence > (select sequence from arxos_writing))`;

const columnsOf = (table) => Object.values(TABLES[table].columns);
const kept = (table) => columnsOf(table).filter((c) => c.rule === SERVER && !['id', 'origin'].includes(c.name));
export const written = (table) => columnsOf(table).filter((c) => c.rule !== SERVER || c.name === 'origin');

/** The synced tables of a kind of scope: `building` or `user`. */
export function tablesOf(kind) {
  return Object.keys(TABLES).filter((name) => TABLES[name].scope === kind);
}

/** Entries of one table's log in order; `condition` speaks of `l`, the log, and `h`, its header. */
export function read(database, table, condition, parameters = []) {
  const old = [...kept(table), ...written(table)];
  const now = written(table);
  const names = [...old.map((c) => `l."old_${c.name}"`), ...now.map((c) => `l."new_${c.name}"`)].join(', ');
  const rows = database.values(
    `select l.transaction_key, l.place, l.id, l.op, l.changed, h.base, h.settled_after, ${names}
     from "arxos_log_${table}" l join arxos_change_log h on h.key = l.transaction_key
     where ${condition} order by l.transaction_key, l.place`,
    parameters,
  );
  return rows.map((row) => entry(table, row, old, now));
}

function entry(table, row, old, now) {
  const [key, place, id, op, changed, base, settledAfter, ...values] = row;
  const wanted = op === 'update' ? new Set(changed.split(' ')) : null;
  const taken = (columns, from) =>
    Object.fromEntries(
      columns
        .map((column, index) => [column.name, toInner(column, values[from + index])])
        .filter(([name]) => wanted === null || wanted.has(name)),
    );
  return {
    key,
    place,
    table,
    id,
    op,
    base,
    settledAfter,
    old: op === 'insert' ? {} : taken(old, 0),
    new: op === 'delete' ? {} : taken(now, old.length),
  };
}

/** The open entries of those rows, by id. */
export function openEntries(database, table, ids) {
  const found = new Map();
  const condition = `${OPEN} and l.id in (select value from json_each(?))`;
  for (const one of read(database, table, condition, [JSON.stringify(ids)])) {
    if (!found.has(one.id)) found.set(one.id, []);
    found.get(one.id).push(one);
  }
  return found;
}

/** The rows that those transactions edit, as [table, id]. */
export function touched(database, kind, keys) {
  if (!keys.length) return [];
  return tablesOf(kind).flatMap((table) =>
    database
      .values(`select distinct id from "arxos_log_${table}" where transaction_key in (select value from json_each(?))`, [
        JSON.stringify(keys),
      ])
      .map(([id]) => [table, id]),
  );
}

/** The changes of those transactions as they are pushed, by key; the same each time. */
export function assemble(database, kind, keys) {
  const found = new Map(keys.map((key) => [key, []]));
  for (const table of tablesOf(kind)) {
    const rows = new Map();
    const condition = `l.id in (
        select id from "arxos_log_${table}" where transaction_key in (select value from json_each(:keys)))
      and l.changed is not '${CASCADE}'
      and h.key <= :last and (h.settled_after is null or h.settled_after >= :first)`;
    const parameters = { ':keys': JSON.stringify(keys), ':first': keys[0], ':last': keys.at(-1) };
    for (const one of read(database, table, condition, parameters)) {
      if (!rows.has(one.id)) rows.set(one.id, []);
      rows.get(one.id).push(one);
    }
    for (const entries of rows.values()) {
      const bases = apply.bases(TABLES[table], entries);
      for (const one of entries) {
        if (found.has(one.key)) {
          found.get(one.key).push([one.place, apply.changes(TABLES[table], one, bases.get(`${one.key}/${one.place}`))]);
        }
      }
    }
  }
  for (const [key, parts] of found) {
    found.set(key, parts.sort((a, b) => a[0] - b[0]).flatMap(([, changes]) => changes));
  }
  return found;
}

/** The tables from which something was deleted that was never sent; asked in one statement. */
function withUnsentDeletes(database, kind) {
  if (!database.one(`select 1 from arxos_change_log where state = 'pending' and n is null`)) return [];
  const parts = tablesOf(kind).map(
    (table) => `select '${table}' where exists (
      select 1 from "arxos_log_${table}" d join arxos_change_log h on h.key = d.transaction_key
      where d.op = 'delete' and h.state = 'pending' and h.n is null)`,
  );
  return database.values(parts.join(' union all ')).map(([table]) => table);
}

/** Per table, the rows that came and went before any of it was sent: nothing of them will be. */
export function unsentPairs(database, kind) {
  const found = new Map();
  for (const table of withUnsentDeletes(database, kind)) {
    const ids = database.values(
      `select d.id
       from "arxos_log_${table}" d
       where d.op = 'delete'
         and 'insert' = (select f.op from "arxos_log_${table}" f where f.id = d.id order by f.entry limit 1)
         and not exists (select 1 from "${table}" t where t.id = d.id)
         and not exists (
           select 1 from "arxos_log_${table}" o
           cross join arxos_change_log h on h.key = o.transaction_key
           where o.id = d.id and not (h.state = 'pending' and h.n is null))
         and not exists (
           select 1 from arxos_shadow s
           where s.table_name = '${table}' and s.id = d.id and s.column_name = '' and s.value = 1)`,
    );
    if (ids.length) found.set(table, ids.map(([id]) => id));
  }
  return found;
}

/** [how many transactions wait for a receipt, the oldest's stamp]. What cancels itself out does not wait. */
export function waiting(database, kind) {
  const pairs = unsentPairs(database, kind);
  const beyond = (table) => (pairs.has(table) ? ` and id not in (select value from json_each(:${table}))` : '');
  const held = tablesOf(kind)
    .map((table) => ` or exists (select 1 from "arxos_log_${table}" where transaction_key = key${beyond(table)})`)
    .join('');
  const parameters = Object.fromEntries([...pairs].map(([table, ids]) => [`:${table}`, JSON.stringify(ids)]));
  return database.values(
    `select count(*), min(stamp) from arxos_change_log where state in ('pending', 'sent') and (n is not null${held})`,
    parameters,
  )[0];
}

/** Right before sending: what cancels itself out leaves the log. Until then the person may undo it. */
export function cancelUnsentPairs(database, kind) {
  for (const [table, ids] of unsentPairs(database, kind)) {
    database.run(`delete from "arxos_log_${table}" where id in (select value from json_each(?))`, [JSON.stringify(ids)]);
  }
  const logs = tablesOf(kind)
    .map((table) => ` and not exists (select 1 from "arxos_log_${table}" where transaction_key = key)`)
    .join('');
  database.run(
    `update arxos_change_log set state = 'discarded', settled_after = key where state = 'pending' and n is null${logs}`,
  );
}
