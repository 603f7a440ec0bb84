// Full text search against the real SQLite that the browser has, in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sqlite3InitModule from '../../pwa/vendor/sqlite-wasm/node.mjs';
import { Search, matching } from '../../pwa/replica/search.js';

const sqlite3 = await sqlite3InitModule();

function building() {
  const db = new sqlite3.oo1.DB(':memory:');
  db.exec(`
    create table storey (id, name);
    create table space (id, storey_id, number, name, usage);
    create table element (id, storey_id, space_id, ifc_class, name, tag, serial_number, barcode);
    insert into storey values ('s1', 'Basement');
    insert into space values ('r1', 's1', '017', 'Café kitchen', 'kitchen');
    insert into element values
      ('e1', 's1', 'r1', 'IfcValve', 'Return valve', 'VLV-01', 'SN 4711', '400638133393'),
      ('e2', 's1', null, 'IfcFlowTerminal', 'Grille by the valve', 'GR-7', null, null),
      ('e3', null, null, 'IfcValve', null, 'VLV-012', null, null)`);
  return { db, values: (sql) => db.exec({ sql, rowMode: 'array', returnValue: 'resultRows' }) };
}

const searching = () => new Search(() => new sqlite3.oo1.DB(':memory:'));
const ids = (search, database, text) => search.find(database, text).map((one) => one.id);

test('words are found in any order, by their beginnings, without regard to case and accents', () => {
  const search = searching(), database = building();
  assert.deepEqual(ids(search, database, 'VAL ret'), ['e1']);
  assert.deepEqual(ids(search, database, 'cafe'), ['r1', 'e1'], 'the room before what is in it');
  assert.deepEqual(ids(search, database, 'basem vlv'), ['e1']);
  assert.deepEqual(ids(search, database, 'flow term'), ['e2']);
  assert.deepEqual(ids(search, database, 'Ventil return'), ['e1'], 'what kind of thing it is, in any language');
});

test('tags, serial numbers and barcodes are found as they are written', () => {
  const search = searching(), database = building();
  assert.deepEqual(ids(search, database, 'vlv-01').sort(), ['e1', 'e3']);
  assert.deepEqual(ids(search, database, '4711'), ['e1']);
  assert.deepEqual(ids(search, database, '40063'), ['e1']);
});

test('whatever is typed is text and never a query', () => {
  const search = searching(), database = building();
  assert.equal(matching(' - " * '), null);
  for (const text of ['', '"', 'a" OR "b', 'name:x', 'NEAR(a b)', 'a*', '(', "'; drop table found", '\0x']) search.find(database, text);
  assert.deepEqual(ids(search, database, 'valve NOT return'), []);
});

test('rows that changed are found as they are now, and another building has an index of its own', () => {
  const search = searching(), database = building(), other = building();
  assert.deepEqual(ids(search, database, 'grille'), ['e2']);
  database.db.exec("update element set name = 'Diffuser' where id = 'e2'");
  search.changed(database, ['task']);
  assert.deepEqual(ids(search, database, 'grille'), ['e2'], 'of a task nothing is in the index');
  search.changed(database, ['task', 'element']);
  assert.deepEqual(ids(search, database, 'grille'), []);
  assert.deepEqual(ids(search, database, 'diffu'), ['e2']);
  assert.deepEqual(ids(search, other, 'grille'), ['e2']);
});
