// Writing many server rows of one table with few statements. The mirror of arxos_sync/storage/replica_write.py: a
// statement is compiled with all of the table's triggers, so rows that set the same columns share one, and so do the few
// rows each of many such shapes; columns that carry an index are only named for rows that set them. From REST_ROWS_MIN
// rows on the table's own triggers rest: here each of SpatiaLite's would come back into JavaScript for every row.
//
// Values are those of the file. All within the caller's transaction, with capture off.

import { TABLES } from '../core/catalogue.js';
import { marksOf, namesOf } from './rows.js';

const REST_ROWS_MIN = 2000;
const SHAPE_ROWS_MIN = 100; // so many rows that set the same columns are worth a statement of their own
const SHAPE_ROWS_MIN_AT_REST = 5;
const COLUMNS_MAX = 30; // of a statement for several shapes: each is a bit of one integer
const BOX_AT = 6; // min x, min y, max x, max y in a SpatiaLite BLOB
const KINDS = ['ggi', 'ggu', 'gii', 'giu', 'gid', 'tmi', 'tmu', 'tmd'];

const columnsOf = (table) => Object.values(TABLES[table].columns);
const geometriesOf = (table) => columnsOf(table).filter((column) => column.type === 'geometry').map(({ name }) => name);

/** Rows [id, values]: `updates` of rows that are there the columns named, `inserts` of others; ids that are `gone`. */
export function write(replica, table, { updates, inserts, gone }) {
  const { database } = replica;
  if (updates.length + inserts.length + gone.length < REST_ROWS_MIN) {
    update(database, table, updates, SHAPE_ROWS_MIN);
    insert(database, table, inserts);
    remove(database, table, gone);
    return;
  }
  const triggers = rest(database, table);
  unindex(database, table, gone);
  update(database, table, updates, SHAPE_ROWS_MIN_AT_REST);
  insert(database, table, inserts);
  remove(database, table, gone);
  for (const name of geometriesOf(table)) index(database, table, name, blobsOf([...updates, ...inserts], name));
  for (const sql of triggers) database.db.exec(sql);
}

// ---------------------------------------------------------------- statements

function insert(database, table, rows) {
  if (!rows.length) return;
  const given = new Set(rows.flatMap(([, values]) => Object.keys(values)));
  const names = columnsOf(table).map(({ name }) => name).filter((name) => given.has(name));
  const sql = `insert into "${table}" (${namesOf(['id', ...names])}) values (${marksOf(['id', ...names])})`;
  database.many(sql, rows.map(([id, values]) => [id, ...names.map((name) => values[name])]));
}

function update(database, table, rows, shapeRowsMin) {
  const indexed = new Set(columnsOf(table).filter((one) => one.type === 'geometry' || one.references).map(({ name }) => name));
  const mixed = new Map();
  for (const { names, rows: some } of shapesOf(rows)) {
    if (some.length >= shapeRowsMin) alike(database, table, names, some);
    else grouped(mixed, names.filter((name) => indexed.has(name)).join(' ')).push({ names, rows: some });
  }
  for (const shapes of mixed.values()) several(database, table, shapes);
}

/** Rows that set the same columns, together: [{names, rows}]. */
function shapesOf(rows) {
  const found = new Map();
  for (const row of rows) {
    const names = Object.keys(row[1]).sort();
    if (!names.length) continue;
    const said = names.join(' ');
    if (!found.has(said)) found.set(said, { names, rows: [] });
    found.get(said).rows.push(row);
  }
  return [...found.values()];
}

function grouped(map, key) {
  if (!map.has(key)) map.set(key, []);
  return map.get(key);
}

function alike(database, table, names, rows) {
  const sets = names.map((name) => `"${name}" = ?`).join(', ');
  const lists = rows.map(([id, values]) => [...names.map((name) => values[name]), id]);
  database.many(`update "${table}" set ${sets} where id = ?`, lists);
}

/** One statement for all shapes: a row's first parameter has the bits of the columns that it sets. */
function several(database, table, shapes) {
  const given = new Set(shapes.flatMap(({ names }) => names));
  if (shapes.length === 1 || given.size > COLUMNS_MAX) {
    for (const { names, rows } of shapes) alike(database, table, names, rows);
    return;
  }
  const names = columnsOf(table).map(({ name }) => name).filter((name) => given.has(name));
  const sets = names.map((name, at) => `"${name}" = iif(?1 & ${1 << at}, ?${at + 3}, "${name}")`).join(', ');
  const lists = shapes.flatMap((shape) => {
    const bits = names.reduce((sum, name, at) => (shape.names.includes(name) ? sum | (1 << at) : sum), 0);
    return shape.rows.map(([id, values]) => [bits, id, ...names.map((name) => values[name])]);
  });
  database.many(`update "${table}" set ${sets} where id = ?2`, lists);
}

function remove(database, table, ids) {
  if (!ids.length) return;
  database.run(`delete from "${table}" where id in (select value from json_each(?))`, [JSON.stringify(ids)]);
}

// ---------------------------------------------------------------- while triggers rest

/** Drop the table's own triggers; answers the SQL that makes them. Foreign ones stay. */
function rest(database, table) {
  const theirs = new Set(geometriesOf(table).flatMap((name) => KINDS.map((kind) => `${kind}_${table}_${name}`)));
  const found = database
    .values(`select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?`, [table])
    .filter(([name]) => theirs.has(name) || name.startsWith('arxos_'));
  for (const [name] of found) database.db.exec(`drop trigger "${name}"`);
  return found.map(([, sql]) => sql);
}

function unindex(database, table, ids) {
  if (!ids.length) return;
  for (const name of geometriesOf(table)) {
    database.run(
      `delete from "idx_${table}_${name}"
       where pkid in (select pk from "${table}" where id in (select value from json_each(?)))`,
      [JSON.stringify(ids)],
    );
  }
}

const blobsOf = (rows, name) => new Map(rows.filter(([, values]) => name in values).map(([id, values]) => [id, values[name]]));

/** What SpatiaLite's triggers would have done: the boxes in the R*Tree, and the moment noted. */
function index(database, table, name, blobs) {
  const place = `"idx_${table}_${name}"`;
  const found = database.values(`select pk, id from "${table}" where id in (select value from json_each(?))`, [
    JSON.stringify([...blobs.keys()]),
  ]);
  const empty = found.filter(([, id]) => blobs.get(id) === null).map(([pk]) => [pk]);
  const boxes = found.filter(([, id]) => blobs.get(id) !== null).map(([pk, id]) => [pk, ...boxOf(blobs.get(id))]);
  database.many(`delete from ${place} where pkid = ?`, empty);
  database.many(`insert or replace into ${place} (pkid, xmin, ymin, xmax, ymax) values (?, ?, ?, ?, ?)`, boxes);
  database.run(
    `update geometry_columns_time
     set (last_insert, last_update, last_delete) = (select now, now, now from (
       select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as now))
     where f_table_name = ? and f_geometry_column = ?`,
    [table, name],
  );
}

/** Fill an empty R*Tree from its table. */
export function indexAll(database, table, name) {
  const found = database.values(`select pk, "${name}" from "${table}" where "${name}" is not null`);
  const boxes = found.filter(([, blob]) => blob instanceof Uint8Array).map(([pk, blob]) => [pk, ...boxOf(blob)]);
  database.many(`insert into "idx_${table}_${name}" (pkid, xmin, ymin, xmax, ymax) values (?, ?, ?, ?, ?)`, boxes);
}

function boxOf(blob) {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return [0, 8, 16, 24].map((at) => view.getFloat64(BOX_AT + at, blob[1] === 1));
}
