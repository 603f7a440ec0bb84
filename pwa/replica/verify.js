// Proving that a replica holds the values the server has, and what becomes of a row that differs without an edit: it is
// put back as the server has it, and what stood here is recorded over it as an edit of the person's, with base 0. The
// mirror of arxos_sync/storage/replica_verify.py, where the why is told.

import { TABLES } from '../core/catalogue.js';
import * as content from '../core/content.js';
import * as digest from '../core/digest.js';
import * as stamp from '../core/stamp.js';
import { dropOthers, incoming, lay } from './lay.js';
import { editedIds, keyOf, marksOf, namesOf, serverRows, shownRows } from './rows.js';
import { toNative } from './values.js';

const SERVER = 'server';
const NOT_DATA = new Set(['id', 'sequence']);
const REASON = 'found by verify: it differed without an edit';

/** The leaves whose values are not those of the server's sums `theirs`. */
export function differing(replica, table, theirs) {
  const mine = contentLeaves(replica, table);
  return theirs.map((sum, leaf) => [sum, leaf]).filter(([sum, leaf]) => digest.toHex(mine[leaf]) !== sum).map(([, leaf]) => leaf);
}

/** The sums over the server's values, as far as this replica has heard of them. */
export function contentLeaves(replica, table) {
  return content.leaves(TABLES[table], held(replica, table));
}

/** Rows that neither the server gave nor any edit tells of. */
export function strays(replica, table) {
  const edited = new Set(editedIds(replica, table));
  const found = replica.database.values(`select id from "${table}" where sequence is null and id is not null`);
  return [...new Set(found.map(([id]) => id))].filter((id) => !edited.has(id)).sort();
}

/**
 * Take in the server's live rows of those leaves; what differs here without an edit becomes one. Answers {rows: fetched
 * anew, recorded: rows whose values became edits}.
 */
export function mend(replica, table, leaves, rows, nowMs) {
  const wanted = new Set(leaves);
  const among = (id) => wanted.has(digest.leafOf(id));
  const alone = strays(replica, table);
  return replica.applying(() => {
    const theirs = incoming(replica, rows, false, true);
    const kept = shownRows(replica, table, alone);
    for (const [id, mine] of clean(replica, table, among)) {
      const told = theirs.get(keyOf(table, id));
      if (told) kept.set(id, differences(table, mine, told));
    }
    dropOthers(replica, table, theirs, among);
    lay(replica, theirs);
    replica.database.run(`delete from "${table}" where id in (select value from json_each(?))`, [JSON.stringify(alone)]);
    const stray = new Set(alone);
    const recorded = [...kept.keys()].sort().filter((id) => record(replica, table, id, kept.get(id), stray.has(id), nowMs));
    replica.setState({ repairs: Number(replica.state('repairs') ?? 0) + 1 });
    return { rows: rows.length, recorded: recorded.length };
  });
}

/** [id, row] of each row as the server holds it, as far as heard. */
function held(replica, table) {
  const under = [...serverRows(replica, editedIds(replica, table).map((id) => [table, id]))]
    .filter(([, row]) => row?.sequence)
    .map(([key, row]) => [key.slice(table.length + 1), row]);
  return [...clean(replica, table), ...under];
}

/** The rows that the server gave and no open edit touches, by id. */
function clean(replica, table, among = () => true) {
  const edited = new Set(editedIds(replica, table));
  const found = replica.database.values(`select id from "${table}" where sequence is not null`);
  return shownRows(replica, table, found.map(([id]) => id).filter((id) => !edited.has(id) && among(id)));
}

/** What stands here and differs, of columns that people write; nothing where the server's row is another one. */
function differences(table, mine, { sequence, values }) {
  if (values === null || sequence !== mine.sequence) return {};
  const names = written(table)
    .map((column) => column.name)
    .filter((name) => !sameForm(mine[name] ?? null, values[name] ?? null));
  return Object.fromEntries(names.map((name) => [name, mine[name] ?? null]));
}

function sameForm(a, b) {
  const [one, other] = [content.form(a), content.form(b)];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function written(table) {
  return Object.values(TABLES[table].columns).filter((column) => !NOT_DATA.has(column.name) && column.rule !== SERVER);
}

/** Write them over the row with capture on. Answers whether there was anything that a person may write. */
function record(replica, table, id, values, stray, nowMs) {
  if (TABLES[table][stray ? 'insert' : 'update'] === SERVER || !Object.keys(values).length) return false;
  const columns = written(table).filter((column) => Object.hasOwn(values, column.name));
  if (stray) {
    const given = columns.filter((column) => values[column.name] !== null);
    const names = ['id', ...given.map((column) => column.name)];
    const natives = given.map((column) => toNative(column, values[column.name]));
    captured(replica, nowMs, `insert into "${table}" (${namesOf(names)}) values (${marksOf(names)})`, [id, ...natives]);
    return true;
  }
  for (const once of [false, true]) {
    const some = columns.filter((column) => (column.rule === 'append') === once);
    if (!some.length) continue;
    const sets = some.map((column) => `"${column.name}" = ?`).join(', ');
    const natives = some.map((column) => toNative(column, values[column.name]));
    captured(replica, nowMs, `update "${table}" set ${sets} where id = ?`, [...natives, id]);
  }
  return true;
}

/** One transaction of the log, within the database transaction at hand. */
function captured(replica, nowMs, sql, values) {
  const { database, device } = replica;
  const [ms, counter] = database.values('select ms, counter from arxos_writing')[0];
  const mark = stamp.following(ms ? stamp.form(ms, counter, device) : null, nowMs, device);
  database.run('insert into arxos_change_log (stamp, base, reason) values (?, 0, ?)', [mark, REASON]);
  const key = database.one('select max(key) from arxos_change_log');
  database.run('update arxos_writing set capture = 1, transaction_key = ?, ms = ?, counter = ?', [
    key,
    stamp.milliseconds(mark),
    stamp.counter(mark),
  ]);
  database.run(sql, values);
  database.run('update arxos_writing set capture = 0, transaction_key = null');
}
