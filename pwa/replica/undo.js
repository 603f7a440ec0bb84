// Taking edits back, a transaction at a time. What was never sent is cancelled and nothing of it is sent; what was sent
// is answered by a new edit that sets back what it set, where that still stands. The mirror of
// arxos_sync/storage/replica_undo.py.

import * as apply from '../core/apply.js';
import { TABLES } from '../core/catalogue.js';
import { Refused } from '../core/change.js';
import { lay } from './lay.js';
import * as log from './log.js';

/**
 * Take a transaction back; without a key the last one that was never sent. Answers {key, keys, tables}, `keys` being the
 * transactions recorded for it, none where it was only cancelled; null where there is nothing. Throws Refused where it
 * cannot be. `ask` names the asking, so that asking twice is once.
 */
export function undo(replica, nowMs, given = null, ask = null) {
  const key = given ?? lastUnsent(replica);
  if (key === null) return null;
  if (ask && replica.state(`asked/${ask}`)) return { key, keys: [], tables: [] };
  const entries = entriesOf(replica, 'l.transaction_key = ?', [key]);
  const tables = [...new Set(entries.map((entry) => entry.table))].sort();
  if (cancel(replica, key, entries, ask)) return { key, keys: [], tables };
  const state = replica.database.one('select state from arxos_change_log where key = ?', [key]);
  if (state === null || state === 'discarded') throw new Refused('invalid_value', `there is nothing of transaction ${key} to take back`);
  const gone = (entry) => entry.op === 'delete';
  const backwards = [...entries.filter((entry) => !gone(entry)).toReversed(), ...entries.filter(gone)]; // parents return first
  const opens = (entry) => entry.table === 'conflict'; // when its field is set back: setting one in conflict decides it
  const order = [...backwards.filter((entry) => !opens(entry)), ...backwards.filter(opens)];
  const made = order.flatMap((entry) => back(replica, entry));
  if (!made.length) throw new Refused('invalid_value', 'it has been changed since');
  return { key, keys: [replica.record(made, nowMs, { reason: `takes back transaction ${key}`, ask })], tables };
}

function lastUnsent(replica) {
  const keys = replica.tables.map((table) => `select transaction_key from "arxos_log_${table}"`).join(' union all ');
  return replica.database.one(`select max(key) from arxos_change_log where state = 'pending' and n is null and key in (${keys})`);
}

function entriesOf(replica, condition, parameters) {
  return replica.tables
    .flatMap((table) => log.read(replica.database, table, condition, parameters))
    .sort((a, b) => a.key - b.key || a.place - b.place);
}

/** True where it was never sent, or was rejected, and is off the rows now. */
function cancel(replica, key, entries, ask) {
  return replica.applying(() => {
    const free = replica.database.one(
      `select 1 from arxos_change_log where key = ? and (state = 'pending' and n is null or state = 'rejected')`,
      [key],
    );
    if (!free) return false;
    refuseFoundations(replica, key, new Set(entries.filter((entry) => entry.op === 'insert').map((entry) => entry.id)));
    lay(replica, new Map(), { settle: [key], settleAs: 'discarded' });
    if (ask) replica.remember(ask, key);
    return true;
  });
}

/** A row that a later unsent edit changes or refers to cannot go alone. */
function refuseFoundations(replica, key, born) {
  if (!born.size) return;
  for (const later of entriesOf(replica, `l.transaction_key > ? and h.state in ('pending', 'sent')`, [key])) {
    const references = Object.values(TABLES[later.table].columns).filter((column) => column.references);
    if (born.has(later.id) || references.some((column) => born.has(later.new[column.name]))) {
      throw new Refused('invalid_value', 'a later edit builds on it: take that back first');
    }
  }
}

/** The changes that undo a captured edit, as far as what it set still stands. */
function back(replica, entry) {
  const { table, id } = entry;
  const shown = replica.row(table, id);
  if (entry.op === 'insert') return shown ? [{ table, id, op: 'delete' }] : [];
  if (entry.op === 'delete') {
    const names = log.written(table).map((column) => column.name);
    const given = names.map((name) => [name, entry.old[name] ?? null]).filter(([, value]) => value !== null);
    const mine = !shown && TABLES[table].insert !== 'server'; // else it comes back with its parent
    return mine ? [{ table, id, op: 'insert', set: Object.fromEntries(given) }] : [];
  }
  const set = shown ? setBack(TABLES[table], entry, shown) : {};
  return Object.keys(set).length ? [{ table, id, op: 'update', set }] : [];
}

function setBack(table, entry, shown) {
  const set = {};
  for (const field of apply.fields(table, entry)) {
    const [name, ...rest] = field.split('.');
    const columns = table.groups?.[name] ?? [name];
    const column = table.columns[columns[0]];
    if (rest.length) {
      const key = rest.join('.');
      const at = (row) => row[name]?.[key] ?? null;
      if (apply.same(at(shown), at(entry.new))) set[name] = { ...set[name], [key]: at(entry.old) };
    } else if (['set', 'counter'].includes(column.type)) {
      set[name] = apply.delta(column, entry.new[name] ?? null, entry.old[name] ?? null);
    } else if (columns.every((one) => apply.same(shown[one] ?? null, entry.new[one] ?? null))) {
      for (const one of columns) set[one] = entry.old[one] ?? null;
    }
  }
  return set;
}
