// Reading a replica's change log: captured edits as entries, pending transactions as what is pushed.
// The same statements as arxos_sync/storage/replica_log.py; the triggers in the file write what is read here.

import { TABLES } from '../core/catalogue.js';
import * as apply from '../core/apply.js';
import { toInner } from './values.js';

const SERVER = 'server';
export const OPEN = `(h.state in ('pending', 'sent') or h.state = 'acknowledged'
  and h.sequence > (select sequence from arxos_writing))`;

const columnsOf = (table) => Object.values(TABLES[table].columns);
const kept = (table) => columnsOf(table).filter((c) => c.rule === SERVER && !['id', 'origin'].includes(c.name));
const written = (table) => columnsOf(table).filter((c) => c.rule !== SERVER || c.name === 'origin');

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

/** A row that came and went before anything of it was sent leaves the log; so do transactions left empty. */
export function cancelUnsentPairs(database, kind) {
  for (const table of tablesOf(kind)) {
    database.run(
      `delete from "arxos_log_${table}" where id in (
         select i.id from "arxos_log_${table}" i
         join arxos_change_log hi on hi.key = i.transaction_key and hi.state = 'pending' and hi.n is null
         join "arxos_log_${table}" d on d.id = i.id and d.op = 'delete'
         join arxos_change_log hd on hd.key = d.transaction_key and hd.state = 'pending' and hd.n is null
         where i.op = 'insert'
           and not exists (select 1 from "${table}" t where t.id = i.id)
           and not exists (
             select 1 from "arxos_log_${table}" o join arxos_change_log ho on ho.key = o.transaction_key
             where o.id = i.id and not (ho.state = 'pending' and ho.n is null))
           and not exists (select 1 from "arxos_log_${table}" b where b.id = i.id and b.entry < i.entry)
           and not exists (
             select 1 from arxos_shadow s
             where s.table_name = '${table}' and s.id = i.id and s.column_name = '' and s.value = 1))`,
    );
  }
  const logs = tablesOf(kind)
    .map((table) => ` and not exists (select 1 from "arxos_log_${table}" where transaction_key = key)`)
    .join('');
  database.run(
    `update arxos_change_log set state = 'discarded', settled_after = key where state = 'pending' and n is null${logs}`,
  );
}
