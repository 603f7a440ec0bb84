// node replay.mjs FILE: live through histories made by Python on the browser's own replica, over SQLite in memory. FILE
// is an empty replica; histories come by standard input, one JSON line each, after a line with the SQL that empties FILE.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";

import { TABLES } from "../../pwa/core/catalogue.js";
import { Refused, toWire } from "../../pwa/core/change.js";
import { rowHash } from "../../pwa/core/content.js";
import { toHex } from "../../pwa/core/digest.js";
import { openFile } from "../storage/sqlite_in_node.mjs";

const { Replica } = await import("../../pwa/replica/replica.js");
const { shownRows } = await import("../../pwa/replica/rows.js");
const database = await openFile(process.argv[2]);

function live(history) {
  const replica = new Replica(database);
  for (const step of history.steps) {
    if (step.do === "record") record(replica, step);
    else exchange(replica, step);
  }
  const shown = {};
  let sum = 0n;
  for (const table of replica.tables) {
    const ids = database.values(`select id from "${table}"`).map(([id]) => id);
    const held = [...shownRows(replica, table, ids)];
    for (const [id, row] of held) sum += rowHash(TABLES[table], id, row);
    const rows = held.map(([id, row]) => [id, toWire(row)]);
    if (rows.length) shown[table] = Object.fromEntries(rows);
  }
  assert.deepEqual(shown, history.rows);
  assert.equal(toHex(sum), history.content, "value by value");
  assert.deepEqual(Object.fromEntries(database.values("select table_name, sum from arxos_digest")), history.digests);
}

function record(replica, { changes, now, refused = null }) {
  let code = null;
  try {
    replica.record(changes, now);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    code = error.code;
  }
  assert.equal(code, refused);
}

function exchange(replica, { pending, answers }) {
  const sent = replica.pending();
  assert.deepEqual(sent.map(({ n, stamp, changes }) => ({ n, stamp, changes })), pending);
  for (const { answer, from_nothing: fromNothing } of answers) {
    const { suspect = [] } = replica.applyAnswer(answer, { fromNothing });
    assert.deepEqual(suspect, [], "the digest is the server's");
  }
}

let count = 0;
let emptied = null;
for await (const line of createInterface({ input: process.stdin })) {
  const said = JSON.parse(line);
  if (emptied === null) {
    emptied = said;
    continue;
  }
  database.db.exec(emptied);
  try {
    live(said);
  } catch (error) {
    error.message = `history ${said.seed}: ${error.message}`;
    throw error;
  }
  count += 1;
}
console.log(count);
